//! Reservations whose deadline has passed give their stock back.

use liufang_kernel::Timestamp;

use super::App;
use super::reserve::reserving;
use crate::error::InventoryError;
use crate::{events, store};

/// Reservations of one step, each in a transaction of its own.
const BATCH: u64 = 50;

impl App {
    /// Expires one batch; answers how many.
    pub async fn expire_step(&self) -> Result<usize, InventoryError> {
        let now = self.clock.now();
        let due = store::reservation::due(self.db.read(), now, self.expiring.reach(BATCH)).await?;
        let mut expired = 0;
        for id in self.expiring.pick(due, BATCH) {
            let done = self.expiring.settle(&id, self.expire(&id, now).await)?;
            expired += usize::from(done == Some(true));
        }
        Ok(expired)
    }

    /// False when it is not held any more.
    async fn expire(&self, reservation_id: &str, now: Timestamp) -> Result<bool, InventoryError> {
        let work = self.db.begin_step().await?;
        let Some(expired) = store::reservation::expire(work.tx(), reservation_id, now).await? else {
            return Ok(false);
        };
        store::lot::change(work.tx(), &reserving(&expired.picks, -1)).await?;
        work.push(&events::reservation_expired(&expired, now), &expired.order_id).await?;
        work.done().await?;
        Ok(true)
    }
}
