//! Schema of dispatch, forward only.

use liufang_platform::Migration;

pub const ALL: &[Migration] = &[
    Migration { name: "0001_init", sql: include_str!("migrations/0001_init.sql") },
    Migration { name: "0002_outside_job", sql: include_str!("migrations/0002_outside_job.sql") },
    Migration { name: "0003_open_work", sql: include_str!("migrations/0003_open_work.sql") },
    Migration { name: "0004_contacts", sql: include_str!("migrations/0004_contacts.sql") },
];
