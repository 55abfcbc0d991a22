//! Sweeps: what time has caught up with is ended row by row, each in a transaction of its own.
//!
//! Invariant: a row that cannot be ended holds up no other. It is told of once a try, and left alone for a while; rows that
//! are left alone take no place in a batch. An outage ends the step as ever: it says nothing about the row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use liufang_kernel::{Class, Fault, Timestamp};

use crate::causes;
use crate::clock::SharedClock;

/// Pause after the first failure of a row; it doubles.
const PAUSE_SECONDS: i64 = 60;
/// Doublings of the pause: up to 16 minutes.
const DOUBLINGS: u32 = 4;
/// A row that loses so many races in a row has met nobody: something is wrong with it.
const RACES: u32 = 8;

/// The rows of one worker that could not be ended; cheap to clone.
#[derive(Clone)]
pub struct Sweep {
    /// What cannot be done, for the log: `unpaid order cannot be closed`.
    complaint: &'static str,
    clock: SharedClock,
    rows: Arc<Mutex<HashMap<String, Trouble>>>,
}

#[derive(Clone, Copy, Default)]
struct Trouble {
    failures: u32,
    races: u32,
    /// Left alone until then.
    until: Timestamp,
}

impl Sweep {
    pub fn new(complaint: &'static str, clock: SharedClock) -> Sweep {
        Sweep { complaint, clock, rows: Arc::default() }
    }

    /// How many rows to look up so that `batch` remain even when all that are left alone come first.
    pub fn reach(&self, batch: u64) -> u64 {
        let now = self.clock.now();
        let mut rows = self.rows();
        // whoever was not met again for long was ended elsewhere
        rows.retain(|_, row| now < row.until.plus_seconds(PAUSE_SECONDS << DOUBLINGS));
        batch.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    /// The first `batch` rows of those found that are not left alone.
    pub fn pick(&self, found: Vec<String>, batch: u64) -> Vec<String> {
        let now = self.clock.now();
        let rows = self.rows();
        let alone = |id: &String| rows.get(id).is_some_and(|row| now < row.until);
        let batch = usize::try_from(batch).unwrap_or(usize::MAX);
        found.into_iter().filter(|id| !alone(id)).take(batch).collect()
    }

    /// What became of one row. `None`: somebody else moved it, or it was told of and is left alone now.
    ///
    /// # Errors
    /// An outage, for the worker to wait for.
    pub fn settle<T, E: Fault>(&self, id: &str, ended: Result<T, E>) -> Result<Option<T>, E> {
        let fault = match ended {
            Ok(ended) => {
                self.rows().remove(id);
                return Ok(Some(ended));
            }
            Err(fault) => fault,
        };
        match fault.doc().class {
            Class::Unavailable | Class::Deadline | Class::Exhausted => return Err(fault),
            Class::Aborted if !self.races_for_nothing(id) => return Ok(None),
            _ => {}
        }
        tracing::error!(row = id, "{}: {}", self.complaint, causes::chain(&fault));
        self.leave_alone(id);
        Ok(None)
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<String, Trouble>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn races_for_nothing(&self, id: &str) -> bool {
        let now = self.clock.now();
        let mut rows = self.rows();
        let row = rows.entry(id.to_owned()).or_default();
        row.races += 1;
        row.until = row.until.max(now);
        RACES <= row.races
    }

    fn leave_alone(&self, id: &str) {
        let now = self.clock.now();
        let mut rows = self.rows();
        let row = rows.entry(id.to_owned()).or_default();
        row.until = now.plus_seconds(PAUSE_SECONDS << row.failures.min(DOUBLINGS));
        row.failures += 1;
        row.races = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::db::DbFault;

    fn sweep() -> (Sweep, ManualClock) {
        let clock = ManualClock::default();
        (Sweep::new("row cannot be ended", Arc::new(clock.clone())), clock)
    }

    fn picked(sweep: &Sweep, batch: u64) -> Vec<String> {
        let rows = ["a", "b", "c", "d"].map(str::to_owned);
        let reach = usize::try_from(sweep.reach(batch)).unwrap();
        sweep.pick(rows.into_iter().take(reach).collect(), batch)
    }

    #[test]
    fn a_row_that_cannot_be_ended_leaves_its_place_to_others_and_comes_back() {
        let (sweep, clock) = sweep();
        assert_eq!(picked(&sweep, 2), ["a", "b"]);
        for row in ["a", "b"] {
            assert!(sweep.settle::<(), _>(row, Err(DbFault::Reply)).unwrap().is_none());
        }
        assert_eq!(picked(&sweep, 2), ["c", "d"]);
        clock.advance_seconds(61);
        assert_eq!(picked(&sweep, 2), ["a", "b"]);
        sweep.settle::<(), _>("a", Err(DbFault::Reply)).unwrap();
        sweep.settle::<_, DbFault>("b", Ok(())).unwrap();
        clock.advance_seconds(61);
        assert_eq!(picked(&sweep, 2), ["b", "c"], "the second pause is longer");
    }

    #[test]
    fn an_outage_is_the_workers_to_wait_for_and_says_nothing_about_the_row() {
        let (sweep, _) = sweep();
        assert!(matches!(sweep.settle::<(), _>("a", Err(DbFault::Silent)), Err(DbFault::Silent)));
        assert_eq!(picked(&sweep, 1), ["a"]);
    }

    #[test]
    fn a_lost_race_is_tried_at_once_but_not_for_ever() {
        let (sweep, _) = sweep();
        for _ in 1..RACES {
            assert!(sweep.settle::<(), _>("a", Err(DbFault::LostRace)).unwrap().is_none());
            assert_eq!(picked(&sweep, 1), ["a"]);
        }
        sweep.settle::<(), _>("a", Err(DbFault::LostRace)).unwrap();
        assert_eq!(picked(&sweep, 1), ["b"]);
    }
}
