//! Notices of a payment channel: signed, possibly repeated, possibly wrong.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{Begun, Call, hash};

use crate::app::App;
use crate::boundary::Boundary;
use crate::domain::payment::{ChannelSays, Journal, PaymentState, Step, after_channel};
use crate::error::{Refusal, SettlementError};
use crate::store;
use crate::store::notice::Difference;

/// A notice as it came, and what its body says.
#[derive(Clone)]
pub struct Notice {
    /// Word of the channel.
    pub channel: String,
    pub body: Vec<u8>,
    pub signature: String,
    pub notice_id: String,
    pub channel_order_no: String,
    pub says: NoticeState,
    pub amount: Fen,
}

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeState {
    Paid,
    Refunded,
}

impl App {
    /// Takes a notice. Order of checks: sender → signature → order → amount → duplicate.
    pub async fn notify(&self, call: Call<Notice>) -> Result<(), SettlementError> {
        let Call { meta, body: notice } = call;
        if self.notices_from_services && !meta.principal.is_service() {
            return Err(Refusal::NoticeSender.into());
        }
        let own = hash::hmac_sha256_hex(self.channel_key(&notice.channel).as_bytes(), &notice.body);
        if !hash::same_secret(&own, &notice.signature.to_ascii_lowercase()) {
            tracing::warn!(channel = notice.channel, "notice with a wrong signature refused");
            return Err(Refusal::NoticeSignature.into());
        }
        let found = store::payment::by_channel_order(self.db.read(), &notice.channel_order_no).await?;
        // a channel speaks of its own payments alone
        let own =
            |journal: &Journal| !journal.channel_order_no.is_empty() && journal.channel == notice.channel;
        let found = found.filter(own);
        let mut journal = found.ok_or(Refusal::NoticeOrder)?;
        if notice.amount != journal.cash {
            self.raise_notice(&journal, "NOTICE_AMOUNT_MISMATCH", notice.amount, meta.now).await?;
            return Err(Refusal::NoticeAmount.into());
        }
        if contradicts(&journal, notice.says) {
            self.raise_notice(&journal, store::notice::AFTER_END, notice.amount, meta.now).await?;
        }
        let work = match self.db.begin::<()>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(()) => return Ok(()),
        };
        let no = &notice.channel_order_no;
        let fresh = store::notice::note(work.tx(), &notice.channel, &notice.notice_id, no, meta.now).await?;
        // whoever is in the middle of the call itself learns it from the answer
        let waiting = matches!(journal.step, Step::AskChannel | Step::CloseChannel);
        if fresh && notice.says == NoticeState::Paid && journal.is_running() && waiting {
            let says = ChannelSays::Paid(Some(notice.amount));
            let next = after_channel(journal.step, says, journal.cash, journal.insured(), false);
            journal.advance(next, meta.now);
            store::payment::save(work.tx(), &mut journal).await?;
        }
        if fresh && is_late(&journal, notice.says) {
            journal.return_late_cash(meta.now);
            store::payment::save(work.tx(), &mut journal).await?;
        }
        work.commit(()).await?;
        Boundary::Noticed.pass();
        Ok(())
    }

    /// The notice is refused, the difference stays: written on its own.
    async fn raise_notice(
        &self,
        journal: &Journal,
        kind: &str,
        theirs: Fen,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        let work = self.db.begin_step().await?;
        let difference = Difference { payment_id: &journal.payment_id, kind, ours: journal.cash, theirs };
        if store::notice::raise(work.tx(), &self.ids, &difference, now).await? {
            tracing::error!(payment_id = journal.payment_id, kind, "difference raised");
        }
        Ok(work.done().await?)
    }
}

/// Paid after the payment had ended without it: the cash has to go back.
fn is_late(journal: &Journal, says: NoticeState) -> bool {
    contradicts(journal, says) && says == NoticeState::Paid && journal.state != PaymentState::Authorised
}

/// Paid after we gave up, or refunded without our asking.
fn contradicts(journal: &Journal, says: NoticeState) -> bool {
    use PaymentState::{Authorised, Captured, Expired, Failed, Pending, Voided};
    match says {
        // a failed payment that was returned was paid before: its late notice is no news
        NoticeState::Paid if !journal.refund_no.is_empty() => false,
        NoticeState::Paid => matches!(journal.state, Authorised | Voided | Expired | Failed),
        // the step is written before the channel is asked to refund, the number only after it answered
        NoticeState::Refunded if !journal.refund_no.is_empty() || is_refunding(journal) => false,
        NoticeState::Refunded => matches!(journal.state, Authorised | Pending | Captured),
    }
}

fn is_refunding(journal: &Journal) -> bool {
    matches!(journal.step, Step::RefundChannel | Step::ReturnCash)
}
