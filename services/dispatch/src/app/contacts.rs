//! How somebody is reached is forgotten when the records of the sale need not be kept any longer (`keep_contact_years` of the
//! region's pack); that it was brought, by whom, when and how cold stays.

use liufang_platform::DbFault;

use super::App;
use crate::error::DispatchError;
use crate::store;

/// Deliveries of one step, each in a transaction of its own.
const BATCH: u64 = 50;

impl App {
    /// Forgets contacts that were kept long enough; answers how many.
    pub async fn forget_contacts(&self) -> Result<usize, DispatchError> {
        let today = self.clock.now().china_date();
        let mut forgotten = 0;
        for pack in self.regions.iter() {
            let since = pack.delivery(today).and_then(|rules| rules.contacts_kept_since(today));
            let Some(since) = since else { continue };
            let (region, reach) = (pack.region.code.as_str(), self.forgetting.reach(BATCH));
            let due = store::contacts::outlived(self.db.read(), region, since, reach).await?;
            for id in self.forgetting.pick(due, BATCH) {
                let done = self.forgetting.settle(&id, self.forget_contact(&id).await)?;
                forgotten += usize::from(done.is_some());
            }
        }
        Ok(forgotten)
    }

    async fn forget_contact(&self, id: &str) -> Result<(), DispatchError> {
        let work = self.db.begin_step().await?;
        let row = store::deliveries::find(work.tx(), id).await?.ok_or(DispatchError::NotFound)?;
        if !row.state.has_ended() || !store::contacts::forget(work.tx(), id, row.version).await? {
            return Err(DbFault::LostRace.into());
        }
        Ok(work.done().await?)
    }
}
