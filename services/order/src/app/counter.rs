//! A counter sale is paid, or given up, by the pharmacy; an account only with the patient's own proof of presence.

use liufang_kernel::Sensitive;
use liufang_platform::Call;

use super::{App, Pay, View, access, pay};
use crate::domain::{Kind, Operation, Order, cancel, permit};
use crate::error::{self, OrderError};
use crate::store::{journal, orders};

/// The quote that patient and cashier saw, and what shows the patient's consent.
#[derive(Clone)]
pub struct PayCounter {
    pub pay: Pay,
    /// Empty: no account pays.
    pub presence: Sensitive<String>,
}

/// The reason of a counter sale that was given up.
const AT_COUNTER: &str = "CANCELLED_AT_COUNTER";

impl App {
    /// Pays a counter sale.
    pub async fn pay_counter(&self, call: Call<PayCounter>) -> Result<View, OrderError> {
        if let Some(view) = self.replayed(&call.meta).await? {
            return Ok(view);
        }
        let (body, operation) = (&call.body, self.operation(&call.meta));
        let id = &body.pay.order_id;
        // what was begun under the key has the consent already
        if !journal::knows(self.deps.db.read(), id, &operation).await? {
            self.consented(&call).await?;
        }
        let now = call.meta.now;
        self.start(&call.meta, id, &operation, |order| pay::decide(order, &body.pay, now)).await?;
        self.drive(id, &operation).await?;
        self.answer(&call.meta, id, &operation, View::for_others).await
    }

    /// Spends the proof, once everything else allows the payment: what is refused must not cost the patient another code.
    /// The key is the call's, so its repeat spends nothing more.
    async fn consented(&self, call: &Call<PayCounter>) -> Result<(), OrderError> {
        let (meta, body) = (&call.meta, &call.body);
        let mut order = self.own_sale(call, &body.pay.order_id).await?;
        let (person, uses_account) = (order.person_id.clone(), uses_account(&order));
        pay::decide(&mut order, &body.pay, meta.now)?;
        if !uses_account {
            return Ok(());
        }
        if body.presence.reveal().is_empty() {
            return Err(OrderError::rule(&error::PRESENCE_REQUIRED));
        }
        let key = format!("{}:consent:{}", order.id, meta.idempotency_key.as_deref().unwrap_or_default());
        let present = self.peers.redeem_presence(body.presence.reveal(), &order.fixmedins_code, key).await?;
        if present == person { Ok(()) } else { Err(OrderError::rule(&error::PRESENCE_OF_OTHER_PERSON)) }
    }

    /// Gives a counter sale up.
    pub async fn cancel_counter(&self, call: Call<String>) -> Result<View, OrderError> {
        if let Some(view) = self.replayed(&call.meta).await? {
            return Ok(view);
        }
        let (id, operation) = (&call.body, self.operation(&call.meta));
        self.own_sale(&call, id).await?;
        let decide = |order: &mut Order| {
            permit(order, Operation::Cancel)?;
            Ok(cancel(order, AT_COUNTER))
        };
        self.start(&call.meta, id, &operation, decide).await?;
        self.drive(id, &operation).await?;
        self.answer(&call.meta, id, &operation, View::for_others).await
    }

    /// A counter sale of the calling pharmacy; other orders are not the counter's to pay or cancel.
    async fn own_sale<T>(&self, call: &Call<T>, id: &str) -> Result<Order, OrderError> {
        let found = orders::find(self.deps.db.read(), &self.deps.cipher, id).await?;
        let order = access::check(&call.meta, found)?;
        if order.kind == Kind::Counter { Ok(order) } else { Err(OrderError::NotFound) }
    }
}

fn uses_account(order: &Order) -> bool {
    order.quote.as_ref().is_some_and(|quote| quote.account)
}
