//! Sweeps away what has run out: sessions with their personal data, codes, nonces, families, filings.

use liufang_platform::{Db, Deps, SharedClock};

use crate::domain::step_event;
use crate::error::IdentityError;
use crate::store;

/// How long an ended row is kept, so that a late caller gets the exact refusal.
const KEEP_DAYS: i64 = 1;

/// The sweeping worker.
#[derive(Clone)]
pub struct Sweeper {
    db: Db,
    clock: SharedClock,
}

impl Sweeper {
    pub fn new(deps: &Deps) -> Sweeper {
        Sweeper { db: deps.db.clone(), clock: deps.clock.clone() }
    }

    /// One sweep. Answers how many rows went or lapsed.
    pub async fn step(&self) -> Result<usize, IdentityError> {
        let now = self.clock.now();
        let before = now.plus_days(-KEEP_DAYS);
        let work = self.db.begin_step().await?;
        let mut swept = store::verification::forget(work.tx(), before).await?;
        swept += store::code::forget(work.tx(), before).await?;
        swept += store::throttle::forget(work.tx(), before).await?;
        swept += store::machine::forget_nonces(work.tx(), before).await?;
        let tries = now.plus_days(-step_event::KEEP_DAYS);
        swept += store::step_event::forget(work.tx(), tries).await?;
        swept += store::token::forget(work.tx(), before).await?;
        swept += store::access::forget(work.tx(), before).await?;
        swept += store::mutual_aid::lapse(work.tx(), now.china_date(), now).await?;
        swept += store::guardian::lapse(work.tx(), now.china_date(), now).await?;
        work.done().await?;
        Ok(usize::try_from(swept).unwrap_or(usize::MAX))
    }
}
