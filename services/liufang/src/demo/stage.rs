//! What every scene needs: the gateway, the seed, who bought what, and how to wait for news.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use liufang_proto::order::v1::{Order, OrderState};
use liufang_proto::settlement::v1::{Payment, Quote};
use tokio::time::sleep;

use crate::client::{
    Answer, Citizen, Courier, Gateway, His, Operator, Patient, Pos, Practitioner, Public, Refusal,
};
use crate::seed::{self, Seed, cast};

/// How long news may take: events, workers and the assignment of couriers run beside the calls.
const PATIENCE: Duration = Duration::from_secs(30);

/// The stage of the play.
pub struct Stage {
    pub gateway: Gateway,
    pub seed: Seed,
    pub public: Public,
    pub operator: Operator,
    /// Everything that was paid, for the books.
    pub purchases: Vec<Purchase>,
}

/// A paid order.
#[derive(Clone)]
pub struct Purchase {
    pub order: Order,
    pub quote: Quote,
    pub payment: Payment,
}

impl Stage {
    pub fn new(gateway: Gateway, seed: Seed, operator_token: &str) -> Stage {
        Stage {
            public: Public::new(&gateway),
            operator: Operator::new(&gateway, operator_token),
            gateway,
            seed,
            purchases: Vec::new(),
        }
    }

    pub fn citizen(&self, row: u32) -> Result<Citizen> {
        Ok(self.seed.person(row)?.citizen())
    }

    pub fn his(&self, code: &str) -> Result<His> {
        cast::his(&self.gateway, code)
    }

    pub fn pos(&self, code: &str) -> Result<Pos> {
        cast::pos(&self.gateway, code)
    }

    pub fn courier(&self, code: &str) -> Result<Courier> {
        cast::courier(&self.gateway, code)
    }

    pub fn practitioner(&self, code: &str) -> Result<Practitioner> {
        Ok(seed::practitioner(code)?)
    }

    pub fn institution_name(&self, code: &str) -> String {
        self.seed.institution(code).map(|own| own.name.clone()).unwrap_or_default()
    }

    /// Today in China, `yyyy-MM-dd`.
    pub fn today(&self) -> String {
        liufang_kernel::timestamp::date_text(self.gateway.now().china_date())
    }

    /// Writes a paid order down for the books, as it stands now.
    pub async fn bought(&mut self, patient: &Patient, order_id: &str) -> Result<()> {
        let order = patient.order(order_id).await?;
        let quote = order.quote.clone().context("a paid order has a quote")?;
        let payment = patient.payment(order_id).await?;
        self.purchases.retain(|own| own.order.order_id != order_id);
        self.purchases.push(Purchase { order, quote, payment });
        Ok(())
    }
}

/// Waits until an order reaches a state.
pub async fn order_in(patient: &Patient, order_id: &str, state: OrderState) -> Result<Order> {
    let what = format!("order {order_id} becomes {}", state.as_str_name());
    until(&what, async || {
        let order = patient.order(order_id).await?;
        let ended = matches!(order.state(), OrderState::Cancelled | OrderState::Refunded);
        if ended && order.state() != state {
            bail!("the order is {} instead: {}", order.state().as_str_name(), order.cancel_reason);
        }
        Ok((order.state() == state).then_some(order))
    })
    .await
}

/// Asks until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await.with_context(|| format!("while waiting: {what}"))? {
            return Ok(answer);
        }
        if PATIENCE < begun.elapsed() {
            bail!("has not happened in {} s: {what}", PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// The refusal that had to come.
pub fn refused<T>(answer: Answer<T>, reason: &str) -> Result<Refusal> {
    match answer {
        Err(refusal) if refusal.is(reason) => Ok(refusal),
        Err(refusal) => bail!("expected {reason}, was refused with {refusal}"),
        Ok(_) => bail!("expected {reason}, but the call was answered"),
    }
}
