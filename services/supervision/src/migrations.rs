//! Schema of supervision, forward only.

use liufang_platform::Migration;

pub const ALL: &[Migration] = &[
    Migration { name: "0001_init", sql: include_str!("migrations/0001_init.sql") },
    Migration { name: "0002_parts", sql: include_str!("migrations/0002_parts.sql") },
];
