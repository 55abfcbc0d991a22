//! Forward-only migrations of the settlement database.

use liufang_platform::Migration;

pub const ALL: &[Migration] = &[
    Migration { name: "0001_init", sql: include_str!("migrations/0001_init.sql") },
    Migration { name: "0002_regions", sql: include_str!("migrations/0002_regions.sql") },
    Migration { name: "0005_reconcile", sql: include_str!("migrations/0005_reconcile.sql") },
    Migration { name: "0005b_statements", sql: include_str!("migrations/0005b_statements.sql") },
];
