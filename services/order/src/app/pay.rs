//! The patient confirms the quote and pays.

use liufang_kernel::Timestamp;
use liufang_platform::Call;

use super::{App, View};
use crate::domain::{Buyer, Change, Channel, Operation, Order, Refusal, pay, paying, permit};
use crate::error::OrderError;

/// The quote the patient saw, and the channel for what is left in cash.
#[derive(Clone)]
pub struct Pay {
    pub order_id: String,
    pub quote_id: String,
    pub channel: Option<Channel>,
    pub buyer: Option<Buyer>,
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
        self.answer(&call.meta, id, &operation, View::for_patient).await
    }
}

pub(super) fn decide(order: &mut Order, body: &Pay, now: Timestamp) -> Result<Change, OrderError> {
    permit(order, Operation::Pay)?;
    let quote = order.quote.as_ref().filter(|quote| quote.id == body.quote_id);
    let quote = quote.ok_or(Refusal::QuoteExpired)?;
    if quote.expires_at <= now || order.pay_by <= now {
        return Err(Refusal::QuoteExpired.into());
    }
    if quote.has_cash && body.channel.is_none() {
        return Err(Refusal::ChannelRequired.into());
    }
    Ok(pay(order, paying(body.channel, body.buyer.clone())))
}
