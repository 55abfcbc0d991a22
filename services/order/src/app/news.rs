//! What other services tell: each piece of news has its effect once.

use liufang_platform::Event;

use super::App;
use crate::domain::{
    Change, Journey, Order, Payment, State, claimed, deliver, payment_news, refunded, review, unreserved,
    withdraw,
};
use crate::error::OrderError;
use crate::store::{journal, orders};

/// The consumer's name in the inbox.
const CONSUMER: &str = "order";

impl App {
    /// A payment came to an outcome.
    pub async fn on_payment(
        &self,
        event: &Event,
        id: &str,
        payment: &str,
        news: Payment,
    ) -> Result<(), OrderError> {
        let (now, code) = (self.now(), self.deps.ids.digits(6));
        let decide = |order: &mut Order| {
            // the end of an earlier payment says nothing about this one, whose id may not be written down yet
            let captured = matches!(news, Payment::Captured { .. });
            if order.payment_id != payment && !(order.payment_id.is_empty() && captured) {
                return Ok(Change::default());
            }
            let change = payment_news(order, news.clone(), now, &code);
            if !change.is_empty() && captured {
                order.payment_id = payment.to_owned();
            }
            Ok(change)
        };
        self.hear(event, id, decide).await
    }

    /// All money is back.
    pub async fn on_refunded(&self, event: &Event, id: &str) -> Result<(), OrderError> {
        self.hear(event, id, |order| Ok(refunded(order))).await
    }

    /// The pharmacy has claimed the prescription.
    pub async fn on_claim(&self, event: &Event, id: &str, pharmacy: &str) -> Result<(), OrderError> {
        self.hear(event, id, |order| Ok(claimed(order, pharmacy))).await
    }

    /// The pharmacist's verdict.
    pub async fn on_review(&self, event: &Event, id: &str, passed: bool) -> Result<(), OrderError> {
        let now = self.now();
        let decide = |order: &mut Order| {
            let pay_by = self.pay_by(&order.region, now)?;
            Ok(review(order, passed, pay_by))
        };
        self.hear(event, id, decide).await
    }

    /// The prescription cannot be filled any more.
    pub async fn on_release(&self, event: &Event, id: &str, reason: &str) -> Result<(), OrderError> {
        self.hear(event, id, |order| Ok(withdraw(order, reason))).await
    }

    /// The delivery moved.
    pub async fn on_delivery(&self, event: &Event, id: &str, journey: Journey) -> Result<(), OrderError> {
        let decide = |order: &mut Order| {
            // the courier was quicker than our own row: told again, it will fit
            if order.state == State::Dispensing {
                return Err(OrderError::Changed);
            }
            Ok(deliver(order, journey))
        };
        self.hear(event, id, decide).await
    }

    /// The goods are not held any more: unpaid in time, or not dispensed in time.
    pub async fn on_reservation_expired(&self, event: &Event, id: &str) -> Result<(), OrderError> {
        let now = self.now();
        self.hear(event, id, |order| Ok(unreserved(order, now))).await
    }

    async fn hear<F>(&self, event: &Event, id: &str, decide: F) -> Result<(), OrderError>
    where
        F: Fn(&mut Order) -> Result<Change, OrderError>,
    {
        let next = match self.hear_once(event, id, &decide).await {
            // somebody else moved the order a moment ago: look again
            Err(error) if error.is_race() => self.hear_once(event, id, &decide).await?,
            other => other?,
        };
        if next {
            self.drive_quietly(id).await;
        }
        Ok(())
    }

    /// Answers whether there are steps to make.
    async fn hear_once<F>(&self, event: &Event, id: &str, decide: &F) -> Result<bool, OrderError>
    where
        F: Fn(&mut Order) -> Result<Change, OrderError>,
    {
        let Some(work) = self.deps.db.begin_event(CONSUMER, event).await? else { return Ok(false) };
        let Some(mut order) = orders::find(work.tx(), &self.deps.cipher, id).await? else {
            work.done().await?;
            return Ok(false);
        };
        if order.state == State::Placing {
            // news of a step whose answer is not written down yet: to be told again
            return Err(OrderError::Changed);
        }
        let was = order.state;
        let change = decide(&mut order)?;
        if !change.is_empty() {
            self.save_order(&work, &mut order, &change).await?;
            if let Some(reason) = &change.refusal {
                journal::lose(work.tx(), id, reason).await?;
            }
            self.save_rest(&work, &order, was, &change, "").await?;
        }
        work.done().await?;
        Ok(!change.next.is_empty())
    }
}
