//! How somebody is reached is forgotten when the records of the sale need not be kept any longer (`keep_contact_years` of the
//! region's pack); what was sold, for how much and when stays.

use liufang_platform::DbFault;

use super::App;
use crate::error::OrderError;
use crate::store::{contacts, orders};

/// Orders of one step, each in a transaction of its own.
const BATCH: u64 = 50;

impl App {
    /// Forgets contacts that were kept long enough; answers how many.
    pub async fn forget_contacts(&self) -> Result<usize, OrderError> {
        let today = self.now().china_date();
        let mut forgotten = 0;
        for pack in self.deps.regions.iter() {
            let since = pack.delivery(today).and_then(|rules| rules.contacts_kept_since(today));
            let Some(since) = since else { continue };
            let (region, reach) = (pack.region.code.as_str(), self.forgetting.reach(BATCH));
            let due = contacts::outlived(self.deps.db.read(), region, since, reach).await?;
            for id in self.forgetting.pick(due, BATCH) {
                let done = self.forgetting.settle(&id, self.forget_contact(&id).await)?;
                forgotten += usize::from(done.is_some());
            }
        }
        Ok(forgotten)
    }

    async fn forget_contact(&self, id: &str) -> Result<(), OrderError> {
        let work = self.deps.db.begin_step().await?;
        let order = orders::find(work.tx(), &self.deps.cipher, id).await?.ok_or(OrderError::NotFound)?;
        if !order.state.is_final() || !contacts::forget(work.tx(), id, order.version).await? {
            return Err(DbFault::LostRace.into());
        }
        Ok(work.done().await?)
    }
}
