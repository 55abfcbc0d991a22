//! What the gauges show.

use super::App;
use crate::error::InventoryError;
use crate::store;

const DAY_SECONDS: i64 = 86_400;

impl App {
    /// Second sales of a pack that were refused within the last day.
    pub async fn resales_of_the_day(&self) -> Result<i64, InventoryError> {
        let since = self.clock.now().plus_seconds(-DAY_SECONDS);
        Ok(store::trace::resales_since(self.db.read(), since).await?)
    }
}
