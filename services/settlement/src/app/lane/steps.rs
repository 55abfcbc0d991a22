//! A group of payments that go on to their next step: what the outside said, and what is asked next. No account moves, so no
//! ledger is locked; each payment is guarded by its version.

use liufang_kernel::Timestamp;

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
        let (mut saved, mut going, mut heard) = (Vec::new(), Vec::new(), Vec::new());
        for member in members {
            match &member.op {
                Op::Save(journal, said) => {
                    saved.push(journal.clone());
                    heard.extend(said.clone());
                }
                Op::Send(journal) => going.push(journal.clone()),
                _ => return Err(SettlementError::Stored("lane")),
            }
        }
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        store::payment::save_all(work.tx(), &mut saved).await?;
        store::message::answered_all(work.tx(), &answers(&heard), now).await?;
        store::message::sending_all(work.tx(), &next(saved.iter().chain(&going), now)).await?;
        work.done().await?;
        let (mut saved, mut going) = (saved.into_iter(), going.into_iter());
        let done = |member: &&Member| match member.op {
            Op::Send(_) => going.next(),
            _ => saved.next(),
        };
        Ok(members.iter().filter_map(done).map(|journal| Ok(Done::Saved(journal))).collect())
    }
}

fn next<'a>(journals: impl Iterator<Item = &'a Journal>, at: Timestamp) -> Vec<Sending<'a>> {
    journals.filter_map(|journal| Sending::of(journal, at)).collect()
}
