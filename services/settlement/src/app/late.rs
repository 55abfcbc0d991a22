//! Late cash without a notice: a channel whose payment ended is asked once more.

use futures::future::join_all;
use liufang_kernel::{Fen, Timestamp};
use liufang_platform::Work;

use crate::app::App;
use crate::domain::payment::{ChannelSays, Journal, PaymentState};
use crate::error::SettlementError;
use crate::store;
use crate::store::notice::Difference;

/// When a channel is asked after the end: a payer's money that was under way is there by then.
const LOOKS_AFTER_S: [i64; 2] = [60, 1_800];
/// How many payments of one channel are asked about at once.
const AT_ONCE: i64 = 8;
/// A channel that does not answer is asked again.
const AGAIN_S: i64 = 60;

impl App {
    /// Plans the first look at a payment that ends without cash. What went back already needs none.
    pub(super) async fn plan_late_look(
        &self,
        work: &Work,
        journal: &Journal,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        if journal.channel_cash().is_zero() || !journal.refund_no.is_empty() {
            return Ok(());
        }
        let [first, _] = LOOKS_AFTER_S;
        store::late::plan(work.tx(), &journal.payment_id, 0, now.plus_seconds(first)).await
    }

    /// Worker step: asks channels about payments that ended a while ago; answers how many. Every channel has places of its own, and
    /// all are asked at once: one that is silent holds up nobody's look but its own, the others' next step by its time limit.
    pub async fn late_step(&self) -> Result<usize, SettlementError> {
        let now = self.clock.now();
        let due = store::late::due(self.db.read(), now, AT_ONCE).await?;
        let looks = due.iter().map(|(payment_id, looks)| self.look_late(payment_id, *looks, now));
        // each to its end, whatever becomes of the others
        join_all(looks).await.into_iter().collect::<Result<(), _>>()?;
        Ok(due.len())
    }

    async fn look_late(&self, payment_id: &str, looks: i32, now: Timestamp) -> Result<(), SettlementError> {
        let ended = |journal: &Journal| {
            matches!(journal.state, PaymentState::Failed | PaymentState::Expired | PaymentState::Voided)
                && journal.refund_no.is_empty()
        };
        let found = store::payment::find(self.db.read(), payment_id).await?;
        let says = match found.filter(ended) {
            Some(journal) => Some((self.outside.query_payment(&journal).await, journal)),
            // a notice was faster
            None => None,
        };
        let work = self.db.begin_step().await?;
        match says {
            Some((ChannelSays::Paid(amount), mut journal)) => {
                let theirs = amount.unwrap_or(journal.cash);
                self.take_late(&work, &mut journal, theirs, now).await?;
                store::late::end(work.tx(), payment_id).await?;
            }
            Some((ChannelSays::Unknown, _)) => {
                store::late::plan(work.tx(), payment_id, looks, now.plus_seconds(AGAIN_S)).await?;
            }
            Some(_) if looks == 0 => {
                let [_, second] = LOOKS_AFTER_S;
                store::late::plan(work.tx(), payment_id, 1, now.plus_seconds(second)).await?;
            }
            _ => store::late::end(work.tx(), payment_id).await?,
        }
        Ok(work.done().await?)
    }

    /// The cash goes back, as after a late notice.
    async fn take_late(
        &self,
        work: &Work,
        journal: &mut Journal,
        theirs: Fen,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        let kind = store::notice::AFTER_END;
        let difference = Difference { payment_id: &journal.payment_id, kind, ours: journal.cash, theirs };
        if store::notice::raise(work.tx(), &self.ids, &difference, now).await? {
            tracing::error!(payment_id = journal.payment_id, kind, "difference raised");
        }
        journal.return_late_cash(now);
        if theirs != journal.cash {
            journal.failure_reason = crate::domain::payment::Failure::WrongAmount.as_str().to_owned();
        }
        store::payment::save(work.tx(), journal).await
    }
}
