//! The payment channel.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{DbFault, Work};

use super::App;
use crate::domain::channel::{self, Payment, RefundRefusal, State};
use crate::domain::dial::Dial;
use crate::error::SandboxError;
use crate::store;

/// A payment to create and execute.
pub struct Pay {
    pub channel: i32,
    pub channel_order_no: String,
    pub amount: Fen,
    pub freight: Fen,
    /// Only compared with a dial's pattern.
    pub payer: String,
    pub expires_at: Timestamp,
    /// Whose goods; empty where the channel's own format does not tell.
    pub fixmedins_code: String,
}

/// A question about a payment.
pub struct Query {
    pub channel_order_no: String,
}

/// An order to close.
pub struct Close {
    pub channel_order_no: String,
}

/// A refund.
pub struct Refund {
    pub channel_order_no: String,
    pub refund_no: String,
    pub amount: Fen,
}

/// Outcome of a refund: done, or the machine-readable reason.
pub type RefundDone = Result<(), &'static str>;

impl App {
    /// Creates and executes a payment; the same number twice is one payment.
    pub async fn create_payment(&self, pay: Pay) -> Result<Payment, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial =
            self.dial(&work, "PaymentChannel/CreatePayment", &[&pay.channel_order_no, &pay.payer]).await?;
        if !dial.lands() {
            return self.lost(work).await;
        }
        if let Some(known) = store::channel::find(work.tx(), &pay.channel_order_no).await? {
            channel::same(&known, pay.amount).map_err(|_| SandboxError::AmountDiffers)?;
            return self.answer(work, dial, known).await;
        }
        let now = self.clock.now();
        let payment = Payment {
            channel: pay.channel,
            channel_trade_no: self.ids.digits(28),
            channel_order_no: pay.channel_order_no,
            amount: pay.amount,
            refunded: Fen::ZERO,
            state: channel::executed(dial, pay.expires_at, now),
        };
        let new = store::channel::New { freight: pay.freight, fixmedins_code: &pay.fixmedins_code, at: now };
        if !store::channel::insert(work.tx(), &payment, new).await? {
            return Err(DbFault::LostRace.into());
        }
        if payment.state == State::Paid {
            self.queue_notice(&work, &payment, dial).await?;
        }
        self.answer(work, dial, payment).await
    }

    /// The state of a payment; a slow payer pays when first asked for, and the notice follows.
    pub async fn query_payment(&self, query: Query) -> Result<Option<Payment>, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "PaymentChannel/QueryPayment", &[&query.channel_order_no]).await?;
        if !dial.lands() || dial == Dial::Refuse {
            return self.lost(work).await;
        }
        let Some(known) = store::channel::find(work.tx(), &query.channel_order_no).await? else {
            return self.answer(work, dial, None).await;
        };
        let payment = self.move_to(&work, &known, channel::queried(known.state), dial).await?;
        self.answer(work, dial, Some(payment)).await
    }

    /// Closes an unpaid order. Dial `REFUSE`: the payer is faster.
    pub async fn close_payment(&self, close: Close) -> Result<Option<Payment>, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "PaymentChannel/ClosePayment", &[&close.channel_order_no]).await?;
        if !dial.lands() {
            return self.lost(work).await;
        }
        let Some(known) = store::channel::find(work.tx(), &close.channel_order_no).await? else {
            return self.answer(work, dial, None).await;
        };
        let state = channel::closed(known.state, dial == Dial::Refuse);
        let payment = self.move_to(&work, &known, state, dial).await?;
        self.answer(work, dial, Some(payment)).await
    }

    /// Refunds; the same refund number twice is one refund.
    pub async fn refund_payment(&self, refund: Refund) -> Result<RefundDone, SandboxError> {
        let work = self.db.begin_step().await?;
        let keys = [refund.channel_order_no.as_str(), refund.refund_no.as_str()];
        let dial = self.dial(&work, "PaymentChannel/RefundPayment", &keys).await?;
        if !dial.lands() {
            return self.lost(work).await;
        }
        if dial == Dial::Refuse {
            return self.answer(work, dial, Err("REFUSED_BY_CHANNEL")).await;
        }
        if let Some(known) = store::channel::find_refund(work.tx(), &refund.refund_no).await? {
            let same = known == (refund.channel_order_no, refund.amount);
            let done = if same { Ok(()) } else { Err(RefundRefusal::NumberReused.reason()) };
            return self.answer(work, dial, done).await;
        }
        let done = self.take_back(&work, &refund, dial).await?;
        self.answer(work, dial, done).await
    }

    /// The amount of a refund that was done. Dial `REFUSE` cannot be refused: a question has an answer or none.
    pub async fn query_refund(&self, refund_no: String) -> Result<Option<Fen>, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "PaymentChannel/QueryRefund", &[&refund_no]).await?;
        if !dial.lands() || dial == Dial::Refuse {
            return self.lost(work).await;
        }
        let found = store::channel::find_refund(work.tx(), &refund_no).await?;
        self.answer(work, dial, found.map(|(_, amount)| amount)).await
    }

    async fn take_back(&self, work: &Work, refund: &Refund, dial: Dial) -> Result<RefundDone, SandboxError> {
        let Some(known) = store::channel::find(work.tx(), &refund.channel_order_no).await? else {
            return Ok(Err("NOT_FOUND"));
        };
        let after = match channel::refund(&known, refund.amount) {
            Ok(after) => after,
            Err(refusal) => return Ok(Err(refusal.reason())),
        };
        if !store::channel::replace(work.tx(), &known, &after, self.clock.now()).await? {
            return Err(DbFault::LostRace.into());
        }
        let Refund { channel_order_no, refund_no, amount } = refund;
        store::channel::insert_refund(work.tx(), refund_no, channel_order_no, *amount, self.clock.now())
            .await?;
        if after.state == State::Refunded {
            self.queue_notice(work, &after, dial).await?;
        }
        Ok(Ok(()))
    }

    async fn move_to(
        &self,
        work: &Work,
        known: &Payment,
        state: State,
        dial: Dial,
    ) -> Result<Payment, SandboxError> {
        let after = Payment { state, ..known.clone() };
        if after.state == known.state {
            return Ok(after);
        }
        if !store::channel::replace(work.tx(), known, &after, self.clock.now()).await? {
            return Err(DbFault::LostRace.into());
        }
        if after.state == State::Paid {
            self.queue_notice(work, &after, dial).await?;
        }
        Ok(after)
    }

    /// Keeps the dial's count, drops the request.
    pub(super) async fn lost<T>(&self, work: Work) -> Result<T, SandboxError> {
        work.done().await?;
        Err(SandboxError::NoAnswer)
    }
}
