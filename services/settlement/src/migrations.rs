//! Forward-only migrations of the settlement database.

use liufang_platform::Migration;

pub const ALL: &[Migration] = &[
    Migration { name: "0001_init", sql: include_str!("migrations/0001_init.sql") },
    Migration { name: "0002_regions", sql: include_str!("migrations/0002_regions.sql") },
    Migration { name: "0003_refunds", sql: include_str!("migrations/0003_refunds.sql") },
    Migration { name: "0004_parts", sql: include_str!("migrations/0004_parts.sql") },
    Migration { name: "0005_reconcile", sql: include_str!("migrations/0005_reconcile.sql") },
    Migration { name: "0006_claim_payments", sql: include_str!("migrations/0006_claim_payments.sql") },
    Migration { name: "0007_insurer", sql: include_str!("migrations/0007_insurer.sql") },
    Migration { name: "0008_channels", sql: include_str!("migrations/0008_channels.sql") },
    Migration { name: "0009_mobile", sql: include_str!("migrations/0009_mobile.sql") },
    Migration { name: "0010_statement_fetch", sql: include_str!("migrations/0010_statement_fetch.sql") },
    Migration { name: "0011_mobile_forgotten", sql: include_str!("migrations/0011_mobile_forgotten.sql") },
];
