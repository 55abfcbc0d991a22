//! When statements are asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use liufang_kernel::Timestamp;
use liufang_platform::Deps;

/// Settings of the worker that fetches statements; cheap to clone.
#[derive(Clone)]
pub struct Statements {
    /// Hour of China from which the statements of the day before are asked for.
    pub hour: i64,
    /// How many days back.
    pub days: i64,
    planned_at: Arc<AtomicI64>,
}

impl Statements {
    pub fn of(deps: &Deps) -> Statements {
        let within = |key: &str, default: i64, most: i64| deps.settings.get(key, default).clamp(0, most);
        Statements {
            hour: within("statement_hour", 10, 23),
            days: within("statement_days", 30, 90),
            planned_at: Arc::default(),
        }
    }

    /// Whether nothing was planned for so long, by a clock that may jump either way.
    pub fn is_time(&self, now: Timestamp, every_s: i64) -> bool {
        let before = self.planned_at.load(Ordering::Relaxed);
        !(before..before + every_s * 1_000_000).contains(&now.0)
    }

    pub fn planned(&self, now: Timestamp) {
        self.planned_at.store(now.0, Ordering::Relaxed);
    }
}
