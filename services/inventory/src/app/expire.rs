//! Reservations whose deadline has passed give their stock back.

use super::App;
use super::reserve::reserving;
use crate::error::InventoryError;
use crate::{events, store};

/// Reservations handled in one transaction.
const BATCH: i64 = 50;

impl App {
    /// Expires one batch; answers how many.
    pub async fn expire_step(&self) -> Result<usize, InventoryError> {
        let now = self.clock.now();
        if !store::reservation::any_due(self.db.read(), now).await? {
            return Ok(0);
        }
        let work = self.db.begin_step().await?;
        let expired = store::reservation::expire_due(work.tx(), now, BATCH).await?;
        let picks: Vec<_> = expired.iter().flat_map(|reservation| reservation.picks.clone()).collect();
        store::lot::change(work.tx(), &reserving(&picks, -1)).await?;
        for reservation in &expired {
            let event = events::reservation_expired(reservation, now);
            work.push(&event, &reservation.order_id).await?;
        }
        work.done().await?;
        Ok(expired.len())
    }
}
