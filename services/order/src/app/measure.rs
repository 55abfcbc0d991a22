//! What the gauges show.

use super::App;
use crate::error::OrderError;
use crate::store::{journal, orders};

/// How long after its deadline a payment may still be under way before somebody must look.
const HALF_PAID_SECONDS: i64 = 300;

impl App {
    /// Age of the oldest step that should have been made; 0 for none.
    pub async fn saga_oldest_seconds(&self) -> Result<i64, OrderError> {
        let now = self.now();
        let oldest = journal::oldest_late(self.deps.db.read(), now).await?;
        Ok(oldest.map_or(0, |since| now.seconds().saturating_sub(since.seconds()).max(0)))
    }

    /// Orders whose payment is neither done nor undone though its deadline is long over.
    pub async fn half_paid(&self) -> Result<i64, OrderError> {
        let before = self.now().plus_seconds(-HALF_PAID_SECONDS);
        orders::paying_since(self.deps.db.read(), before).await
    }
}
