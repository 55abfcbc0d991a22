//! What the law no longer asks to keep: personal data goes, the audit stays.

use liufang_kernel::Timestamp;
use liufang_platform::{DbFault, hash};

use super::{App, Outcome};
use crate::error::{Missing, PrescriptionError};
use crate::store;
use crate::store::kept::{Kept, outlived};

/// Rows of each kind handled by one step.
const BATCH: u64 = 50;

impl App {
    /// Erases what was kept long enough; answers how many rows.
    pub async fn archive(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let sweep = &self.sweeps.archive;
        let mut done = 0;
        for kept in [Kept::Sheet, Kept::Visit] {
            let due = outlived(self.deps.db.read(), kept, now, sweep.reach(BATCH)).await?;
            for key in sweep.pick(due, BATCH) {
                let archived = match kept {
                    Kept::Sheet => self.archive_sheet(&key, now).await,
                    Kept::Visit => self.archive_visit(&key, now).await,
                };
                done += usize::from(sweep.settle(&key, archived)?.is_some());
            }
        }
        Ok(done)
    }

    async fn archive_sheet(&self, hi_rxno: &str, now: Timestamp) -> Outcome<()> {
        let work = self.deps.db.begin_step().await?;
        let found = store::prescription::get(work.tx(), &self.deps.cipher, hi_rxno).await?;
        let record = found.ok_or(PrescriptionError::Missing(Missing::Prescription))?;
        let document = record.signed.document.as_bytes();
        let digest = if document.is_empty() { String::new() } else { hash::sha256_hex(document) };
        if !store::prescription::archive(work.tx(), &self.deps.cipher, &record, &digest, now).await? {
            return Err(DbFault::LostRace.into());
        }
        store::notice::forget_of(work.tx(), hi_rxno).await?;
        Ok(work.done().await?)
    }

    async fn archive_visit(&self, visit_id: &str, now: Timestamp) -> Outcome<()> {
        let work = self.deps.db.begin_step().await?;
        let digest = |record: &str| hash::sha256_hex(record.as_bytes());
        store::visit::archive(work.tx(), &self.deps.cipher, visit_id, digest, now).await?;
        Ok(work.done().await?)
    }
}
