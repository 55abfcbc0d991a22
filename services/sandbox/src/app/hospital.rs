//! Hospitals' own systems.

use super::App;
use crate::domain::dial::Dial;
use crate::error::SandboxError;
use crate::store;
use crate::store::notified::Notified;

impl App {
    /// Takes a notice, once per id however often it comes; false: the hospital refuses it.
    pub async fn notified(&self, method: &str, mut notice: Notified) -> Result<bool, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, method, &[&notice.hi_rxno, &notice.fixmedins_code]).await?;
        if !dial.lands() {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        // no hospital's: nobody has such a prescription
        notice.taken = dial != Dial::Refuse && notice.fixmedins_code.starts_with('H');
        let taken = store::notified::note(work.tx(), &notice, self.clock.now()).await?;
        self.answer(work, dial, taken).await
    }

    /// What hospitals were told of a prescription; empty: of all.
    pub async fn hospital_book(&self, hi_rxno: &str) -> Result<Vec<Notified>, SandboxError> {
        Ok(store::notified::list(self.db.read(), hi_rxno).await?)
    }
}
