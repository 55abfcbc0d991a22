//! A group of payments that go on to their next step: what the outside said, and what is asked next. No account moves, so no
//! ledger is locked; each payment is guarded by its version.

use liufang_kernel::Timestamp;
use liufang_platform::db::together::Together;

use super::writes::answers;
use super::{Done, Member, Op};
use crate::app::App;
use crate::domain::payment::Journal;
use crate::error::SettlementError;
use crate::store;
use crate::store::message::Sending;

impl App {
    pub(super) async fn step_group(
        &self,
        members: &[&Member],
    ) -> Result<Vec<Result<Done, SettlementError>>, SettlementError> {
        let (mut saved, mut heard) = (Vec::new(), Vec::new());
        for member in members {
            let Op::Save(journal, said) = &member.op else { return Err(SettlementError::Stored("lane")) };
            saved.push(journal.clone());
            heard.extend(said.clone());
        }
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        let (tx, answers, sending) = (work.tx(), answers(&heard), next(&saved, now));
        let mut all = Together::default();
        all.add(store::message::answered_all(tx, &answers, now)?);
        if sending.iter().any(|sending| answers.contains_key(sending.message.msgid)) {
            // the same message goes again, and its row is written twice
            std::mem::take(&mut all).run(tx).await?;
        }
        let rows = all.add(store::payment::saving(tx, &saved)?);
        all.add(store::message::sending_all(tx, &sending)?);
        if all.run(tx).await?.touched(rows) != saved.len() as u64 {
            return Err(SettlementError::LostRace);
        }
        work.done().await?;
        saved.iter_mut().for_each(|journal| journal.version += 1);
        Ok(saved.into_iter().map(|journal| Ok(Done::Saved(journal))).collect())
    }
}

fn next(saved: &[Journal], at: Timestamp) -> Vec<Sending<'_>> {
    let about = |journal| Sending::of(journal, at);
    saved.iter().filter_map(about).collect()
}
