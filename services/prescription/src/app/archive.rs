//! What the law no longer asks to keep: personal data goes, the audit stays.

use liufang_kernel::Timestamp;
use liufang_platform::{DbFault, hash};

use super::{App, Outcome};
use crate::error::{Missing, PrescriptionError};
use crate::store;

/// Rows of each kind handled by one step.
const BATCH: u64 = 50;

impl App {
    /// Erases what was kept long enough; answers how many rows.
    pub async fn archive(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let mut done = 0;
        let sweep = &self.sweeps.archive;
        let due = store::prescription::outlived(self.deps.db.read(), now, sweep.reach(BATCH)).await?;
        for hi_rxno in sweep.pick(due, BATCH) {
            let out = sweep.settle(&hi_rxno, self.archive_sheet(&hi_rxno, now).await)?;
            done += usize::from(out.is_some());
        }
        let due = store::visit::outlived(self.deps.db.read(), now, sweep.reach(BATCH)).await?;
        for visit_id in sweep.pick(due, BATCH) {
            let out = sweep.settle(&visit_id, self.archive_visit(&visit_id, now).await)?;
            done += usize::from(out.is_some());
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
