//! Schema of the sandbox, forward only.

use liufang_platform::Migration;

pub const ALL: &[Migration] = &[
    Migration { name: "0001_init", sql: include_str!("migrations/0001_init.sql") },
    Migration { name: "0002_hospital", sql: include_str!("migrations/0002_hospital.sql") },
    Migration { name: "0003_insurer", sql: include_str!("migrations/0003_insurer.sql") },
    Migration { name: "0004_wires", sql: include_str!("migrations/0004_wires.sql") },
    Migration { name: "0005_checks", sql: include_str!("migrations/0005_checks.sql") },
    Migration { name: "0006_mobile", sql: include_str!("migrations/0006_mobile.sql") },
    Migration { name: "0007_bills", sql: include_str!("migrations/0007_bills.sql") },
    Migration { name: "0008_order_notices", sql: include_str!("migrations/0008_order_notices.sql") },
];
