//! Migrations of the identity database, forward only. One that has shipped never changes.

use liufang_platform::Migration;

/// In the order they run.
pub const ALL: &[Migration] = &[
    Migration { name: "0001_init", sql: include_str!("migrations/0001_init.sql") },
    Migration { name: "0002_sweep", sql: include_str!("migrations/0002_sweep.sql") },
    Migration { name: "0003_sessions", sql: include_str!("migrations/0003_sessions.sql") },
    Migration { name: "0004_certificates", sql: include_str!("migrations/0004_certificates.sql") },
    Migration { name: "0005_erasure", sql: include_str!("migrations/0005_erasure.sql") },
    Migration { name: "0006_people", sql: include_str!("migrations/0006_people.sql") },
    Migration { name: "0007_locks", sql: include_str!("migrations/0007_locks.sql") },
    Migration { name: "0008_authorities", sql: include_str!("migrations/0008_authorities.sql") },
    Migration { name: "0009_open_checks", sql: include_str!("migrations/0009_open_checks.sql") },
];
