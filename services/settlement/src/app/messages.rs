//! The log of messages to the insurer: written before the message goes, in the transaction that decides to send it.

use liufang_kernel::Timestamp;
use liufang_platform::Work;

use crate::app::App;
use crate::domain::payment::{InsurerSays, Journal, Step};
use crate::error::SettlementError;
use crate::store;

/// What was said about which message.
#[derive(Clone)]
pub(super) struct Heard {
    pub msgid: String,
    pub outcome: &'static str,
}

impl Heard {
    /// Of the answer at the journal's step.
    pub(super) fn of(journal: &Journal, says: InsurerSays) -> Option<Heard> {
        let msgid = journal.answered()?.to_owned();
        Some(Heard { msgid, outcome: says.outcome()? })
    }
}

impl App {
    /// Ways back have a number of their own, given when they are entered.
    pub(super) async fn number_way_back(
        &self,
        work: &Work,
        journal: &mut Journal,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        if matches!(journal.step, Step::UndoInsurer | Step::RevokeInsurer) {
            journal.reverse_msgid = self.msgid(work, &journal.fixmedins_code, now).await?;
        }
        Ok(())
    }

    /// Notes the message that the journal's step sends next, if it sends one.
    pub(super) async fn sending(
        &self,
        work: &Work,
        journal: &Journal,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        match journal.message() {
            Some(message) => store::message::sending(work.tx(), &message, &journal.payment_id, now).await,
            None => Ok(()),
        }
    }

    /// Notes an answer.
    pub(super) async fn heard(
        &self,
        work: &Work,
        heard: Heard,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        store::message::answered(work.tx(), &heard.msgid, heard.outcome, now).await
    }
}
