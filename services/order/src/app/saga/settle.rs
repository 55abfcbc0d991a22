//! What a step's answer, refusal or silence means for the order.

use liufang_kernel::Fault as _;

use super::run::Ran;
use super::{App, RACES};
use crate::domain::{Change, Order, Step, advance, refuse};
use crate::error::OrderError;
use crate::store::{journal, orders};

/// How a step ended.
pub(super) enum Settled {
    /// It is over; with the error its caller gets.
    Went { refusal: Option<OrderError> },
    /// It asks again later.
    Waits,
    /// Its outcome is unknown: it is made again later.
    Unreachable(OrderError),
}

/// Pause before the next try: half a second, doubling to a minute.
fn pause_us(attempts: i32) -> i64 {
    let doublings = attempts.clamp(0, 7);
    (500_000_i64 << doublings).min(60_000_000)
}

impl App {
    pub(super) async fn settle(
        &self,
        entry: &journal::Entry,
        ran: Result<Ran, OrderError>,
    ) -> Result<Settled, OrderError> {
        match ran {
            Ok(Ran::Answered(answer)) => {
                let now = self.now();
                let code = self.deps.ids.digits(6);
                let change = |order: &mut Order| advance(order, entry.step, answer.clone(), now, &code);
                let stored = self.conclude(entry, None, change).await?;
                let refusal = stored.map(|reason| OrderError::PaymentRefused { reason });
                Ok(Settled::Went { refusal })
            }
            Ok(Ran::Wait) => {
                self.postpone(entry, pause_us(entry.attempts.min(4))).await?;
                Ok(Settled::Waits)
            }
            // money must come back: a refused refund is looked at by a person, and tried again
            Err(error) if error.is_refusal() && !matches!(entry.step, Step::Refund | Step::RefundGoods) => {
                let reason = error.doc().reason.to_string();
                let change = |order: &mut Order| refuse(order, entry.step, &reason);
                let refused = self.conclude(entry, Some(&reason), change).await?;
                Ok(Settled::Went { refusal: refused.map(|_| error) })
            }
            Err(error) => {
                let stuck = error.is_stuck();
                if error.is_refusal() || stuck {
                    tracing::error!(
                        order = entry.order_id,
                        step = entry.step.as_str(),
                        "saga step is stuck: {error}"
                    );
                }
                // the reason is of our own call to the peer, and nothing the caller could mend
                let error = if stuck { OrderError::Unreadable("a saga step is stuck") } else { error };
                self.postpone(entry, pause_us(entry.attempts)).await?;
                Ok(Settled::Unreachable(error))
            }
        }
    }

    async fn postpone(&self, entry: &journal::Entry, pause_us: i64) -> Result<(), OrderError> {
        let until = liufang_kernel::Timestamp(self.now().0 + pause_us);
        let work = self.deps.db.begin_step().await?;
        journal::postpone(work.tx(), entry, until).await?;
        Ok(work.done().await?)
    }

    /// Ends the row and moves the order in one transaction; answers why the caller's operation failed, if it did.
    async fn conclude(
        &self,
        entry: &journal::Entry,
        refusal: Option<&str>,
        change: impl Fn(&mut Order) -> Change,
    ) -> Result<Option<String>, OrderError> {
        for _ in 0..RACES {
            match self.try_conclude(entry, refusal, &change).await {
                Err(error) if error.is_race() => {}
                other => return other,
            }
        }
        Err(OrderError::Changed)
    }

    async fn try_conclude(
        &self,
        entry: &journal::Entry,
        refusal: Option<&str>,
        change: &impl Fn(&mut Order) -> Change,
    ) -> Result<Option<String>, OrderError> {
        let work = self.deps.db.begin_step().await?;
        let order = orders::find(work.tx(), &self.deps.cipher, &entry.order_id).await?;
        let mut order = order.ok_or(OrderError::NotFound)?;
        let was = order.state;
        let outcome = change(&mut order);
        let reason = refusal.or(outcome.refusal.as_deref());
        self.save_order(&work, &mut order, &outcome).await?;
        if !journal::finish(work.tx(), entry, reason).await? {
            work.cancel().await?;
            if refusal.is_none() {
                self.undo_late(entry).await?;
            }
            // news was faster than the answer, and its reason is the answer
            return journal::dropped_because(self.deps.db.read(), entry).await;
        }
        self.save_rest(&work, &order, was, &outcome, &entry.operation).await?;
        if outcome.refusal.is_some() && !entry.operation.is_empty() {
            journal::disown(work.tx(), &order.id, &entry.operation).await?;
        }
        work.done().await?;
        Ok(outcome.refusal)
    }

    /// The order moved on while the step was being made: what the step did is taken back.
    async fn undo_late(&self, entry: &journal::Entry) -> Result<(), OrderError> {
        let Some(undo) = entry.step.undo() else { return Ok(()) };
        let work = self.deps.db.begin_step().await?;
        if !journal::was_dropped(work.tx(), entry).await? {
            return Ok(());
        }
        let order = orders::find(work.tx(), &self.deps.cipher, &entry.order_id).await?;
        let mut order = order.ok_or(OrderError::NotFound)?;
        let was = order.state;
        let change = Change { next: vec![undo.into()], ..Change::default() };
        self.save(&work, &mut order, was, &change, "").await?;
        Ok(work.done().await?)
    }
}
