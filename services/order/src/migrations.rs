//! Forward-only migrations of the order database.

use liufang_platform::Migration;

/// In order of running.
pub const ALL: &[Migration] = &[
    Migration { name: "0001_init", sql: include_str!("migrations/0001_init.sql") },
    Migration { name: "0002_contacts", sql: include_str!("migrations/0002_contacts.sql") },
];
