//! The tables of this service. Files only grow: a shipped one is never edited.

use liufang_platform::Migration;

pub const ALL: &[Migration] = &[
    Migration { name: "0001_init", sql: include_str!("migrations/0001_init.sql") },
    Migration { name: "0002_queue", sql: include_str!("migrations/0002_queue.sql") },
    Migration { name: "0003_feed", sql: include_str!("migrations/0003_feed.sql") },
    Migration { name: "0004_revocation", sql: include_str!("migrations/0004_revocation.sql") },
    Migration { name: "0005_repeats", sql: include_str!("migrations/0005_repeats.sql") },
    Migration { name: "0006_counter", sql: include_str!("migrations/0006_counter.sql") },
    Migration { name: "0007_retention", sql: include_str!("migrations/0007_retention.sql") },
    Migration { name: "0008_notices", sql: include_str!("migrations/0008_notices.sql") },
];
