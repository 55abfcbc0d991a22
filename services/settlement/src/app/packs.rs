//! Region packs are kept with the first quote made by them, so that what was settled can be decided again years later.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use liufang_kernel::region::{RegionPack, rewritten};
use liufang_kernel::timestamp::parse_date;
use liufang_platform::Work;

use crate::app::App;
use crate::domain::quote::Quote;
use crate::error::SettlementError;
use crate::store;
use crate::store::pack::Kept;

/// By region, the last day noted by this process: a quote writes the row once a day, not every time.
#[derive(Clone, Default)]
pub struct Noted(Arc<Mutex<BTreeMap<String, String>>>);

impl Noted {
    fn covers(&self, region: &str, day: &str) -> bool {
        let noted = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        noted.get(region).is_some_and(|last| last.as_str() >= day)
    }

    /// Only after the rows are committed.
    pub fn note_all(&self, days: BTreeMap<String, String>) {
        let mut noted = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        noted.extend(days);
    }
}

impl App {
    /// Keeps the packs of new quotes in the quotes' own transaction; answers regions and days to note once it is committed.
    pub(super) async fn keep_packs<'q>(
        &self,
        work: &Work,
        quotes: impl Iterator<Item = &'q Quote>,
    ) -> Result<BTreeMap<String, String>, SettlementError> {
        let mut noted = BTreeMap::new();
        for quote in quotes {
            let day = quote.inputs.as_ref().map(|inputs| inputs.date.clone()).unwrap_or_default();
            let Some(text) = self.regions.text(&quote.region) else { continue };
            let covered = noted.get(&quote.region).is_some_and(|last| *last >= day);
            if covered || self.packs.covers(&quote.region, &day) {
                continue;
            }
            // the start may have been before the database was there
            if !self.rewritten(store::pack::kept(work.tx()).await?).is_empty() {
                return Err(SettlementError::Stored("region packs rewrite days that have been settled"));
            }
            let pack = (quote.region.as_str(), quote.region_version.as_str(), text);
            store::pack::keep(work.tx(), pack, &day, self.clock.now()).await?;
            noted.insert(quote.region.clone(), day);
        }
        Ok(noted)
    }

    /// The pack a quote was made by: the present one, or the kept text of its version. `None` when it was not kept, or cannot
    /// be read any more.
    pub(super) async fn pack_of(&self, quote: &Quote) -> Result<Option<Arc<RegionPack>>, SettlementError> {
        let present = self.regions.get(&quote.region);
        if self.region_version(&quote.region) == quote.region_version {
            return Ok(present.cloned().map(Arc::new));
        }
        let text = store::pack::text(self.db.read(), &quote.region, &quote.region_version).await?;
        Ok(text.and_then(|text| RegionPack::parse(&text).ok()).map(Arc::new))
    }

    /// Refuses a start whose packs rewrite what was settled by. A database that is not there yet says nothing: the first quote
    /// of the day asks again.
    ///
    /// # Errors
    /// Every row that was rewritten.
    pub async fn packs_hold(&self) -> Result<(), String> {
        match store::pack::kept(self.db.read()).await {
            Ok(kept) => match self.rewritten(kept) {
                found if found.is_empty() => Ok(()),
                found => Err(format!(
                    "region packs rewrite days that have been settled; end the row and begin another:\n  {}",
                    found.join("\n  ")
                )),
            },
            Err(error) => {
                tracing::info!("region packs are compared with the kept ones later: {error}");
                Ok(())
            }
        }
    }

    /// What the packs of this start tell otherwise about days that have been settled.
    fn rewritten(&self, kept: Vec<Kept>) -> Vec<String> {
        let mut found = Vec::new();
        for kept in kept {
            let (Some(present), Some(day)) = (self.regions.get(&kept.region), parse_date(&kept.used_on))
            else {
                continue;
            };
            if kept.version == self.region_version(&kept.region) {
                continue;
            }
            match RegionPack::parse(&kept.text) {
                Ok(old) => found.extend(
                    rewritten(&old, present, day).into_iter().map(|what| format!("{}: {what}", kept.region)),
                ),
                // a form that this version reads no more says nothing about the rows
                Err(_) => {
                    tracing::warn!(region = kept.region, version = kept.version, "kept pack is unreadable")
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}
