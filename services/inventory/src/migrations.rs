//! Forward-only migrations of the inventory database.

use liufang_platform::Migration;

/// In the order they run.
pub const ALL: &[Migration] = &[
    Migration { name: "0001_init", sql: include_str!("migrations/0001_init.sql") },
    Migration { name: "0002_use_days", sql: include_str!("migrations/0002_use_days.sql") },
    Migration { name: "0003_resale_time", sql: include_str!("migrations/0003_resale_time.sql") },
];
