//! The feed of changes for HIS and POS.

use super::{App, Outcome};
use crate::store::{self, change::Change};

impl App {
    /// The next changes that concern `institution`, oldest first.
    pub async fn changes_after(&self, institution: &str, sequence: i64) -> Outcome<Vec<Change>> {
        Ok(store::change::after(self.deps.db.read(), institution, sequence).await?)
    }
}
