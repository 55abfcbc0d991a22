//! The patient confirms the quote and pays.

use liufang_kernel::Timestamp;
use liufang_platform::Call;

use super::{App, View};
use crate::domain::{Change, Channel, Operation, Order, Refusal, State, pay, paying, permit};
use crate::error::OrderError;
use crate::store::{orders, story};

/// The quote the patient saw, and the channel for what is left in cash.
#[derive(Clone)]
pub struct Pay {
    pub order_id: String,
    pub quote_id: String,
    pub channel: Option<Channel>,
}

impl App {
    /// Pays. A silent channel leaves the order paying; a worker asks for the outcome.
    pub async fn pay(&self, call: Call<Pay>) -> Result<View, OrderError> {
        if let Some(view) = self.replayed(&call.meta).await? {
            return Ok(view);
        }
        let (id, operation) = (&call.body.order_id, self.operation(&call.meta));
        self.start(&call.meta, id, &operation, |order| decide(order, &call.body, call.meta.now)).await?;
        self.drive(id, &operation).await?;
        self.ended_meanwhile(id).await?;
        self.answer(&call.meta, id, View::for_patient).await
    }

    /// The news of a failed payment may come before the answer of our own step; the caller hears the refusal either way.
    async fn ended_meanwhile(&self, id: &str) -> Result<(), OrderError> {
        let db = self.deps.db.read();
        let order = orders::find(db, &self.deps.cipher, id).await?.ok_or(OrderError::NotFound)?;
        if order.state != State::AwaitingPayment || order.quote.is_some() {
            return Ok(());
        }
        let told = story::after(db, id, 0).await?;
        let end = told.into_iter().rev().find(|line| line.step == "payment_ended");
        end.map_or(Ok(()), |line| Err(OrderError::PaymentRefused { reason: line.detail }))
    }
}

fn decide(order: &mut Order, body: &Pay, now: Timestamp) -> Result<Change, OrderError> {
    permit(order, Operation::Pay)?;
    let quote = order.quote.as_ref().filter(|quote| quote.id == body.quote_id);
    let quote = quote.ok_or(Refusal::QuoteExpired)?;
    if quote.expires_at <= now || order.pay_by <= now {
        return Err(Refusal::QuoteExpired.into());
    }
    if quote.has_cash && body.channel.is_none() {
        return Err(Refusal::ChannelRequired.into());
    }
    Ok(pay(order, paying(body.channel)))
}
