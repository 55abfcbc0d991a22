//! Create, query, close.

use liufang_kernel::Sensitive;
use liufang_platform::DbFault;

use super::{App, Ask, At, Create};
use crate::domain::{Created, Order, Said, State, Told};
use crate::error::ChannelError;
use crate::store;
use crate::wire::{alipay, wechat};

impl App {
    /// Creates an order; the same number twice is one order, and the same bytes go out.
    pub async fn create(&self, create: Create) -> Result<Order, ChannelError> {
        let known = store::order::find(self.db.read(), &self.cipher, &create.channel_order_no).await?;
        let order = match known {
            Some(order) if !order.is_same(create.channel, create.amount, create.freight) => {
                return Err(ChannelError::AmountDiffers);
            }
            Some(order) if order.state != State::Intent => return Ok(order),
            Some(order) => order,
            None => self.intend(create).await?,
        };
        let created = match self.at(order.channel)? {
            At::Wechat(wechat) => wechat.create(&order, self.moment()).await,
            At::Alipay(alipay) => alipay.create(&order, self.moment()).await,
        };
        let mut after = order.clone();
        match created {
            Created::Open(pay_params) => (after.state, after.pay_params) = (State::Open, pay_params),
            Created::Paid { amount, trade_no } if amount == order.amount => {
                (after.state, after.channel_trade_no) = (State::Paid, trade_no);
            }
            // the query tells the amount, and settlement what to make of it
            Created::Paid { .. } => after.state = State::Open,
            Created::Refused(code) => {
                tracing::info!(code, "the channel refuses an order");
                after.state = State::Refused;
            }
            Created::Unknown => return Err(ChannelError::NoAnswer),
        }
        self.learn(&order, &after).await?;
        Ok(after)
    }

    /// Checks and writes what will be sent.
    async fn intend(&self, create: Create) -> Result<Order, ChannelError> {
        if let Some(combined) = &create.combined {
            combined.check(create.amount, create.freight).map_err(ChannelError::Combined)?;
        }
        let request = match self.at(create.channel)? {
            At::Wechat(at) => wechat::create_body(
                at.merchant(),
                &wechat::New {
                    no: &create.channel_order_no,
                    scene: create.scene,
                    amount: create.amount,
                    expires_at: create.expires_at,
                    payer: create.payer.reveal(),
                },
            ),
            At::Alipay(at) => alipay::create_content(
                at.merchant(),
                &alipay::New {
                    no: &create.channel_order_no,
                    scene: create.scene,
                    amount: create.amount,
                    expires_at: create.expires_at,
                    payer: create.payer.reveal(),
                },
            ),
        };
        let order = Order {
            channel: create.channel,
            channel_order_no: create.channel_order_no,
            scene: create.scene,
            amount: create.amount,
            freight: create.freight,
            state: State::Intent,
            channel_trade_no: String::new(),
            request: Sensitive::new(request.ok_or(ChannelError::Scene)?),
            pay_params: Sensitive::default(),
            expires_at: create.expires_at,
        };
        let work = self.db.begin_step().await?;
        if !store::order::insert(work.tx(), &self.cipher, &order, self.clock.now()).await? {
            return Err(DbFault::LostRace.into());
        }
        work.done().await?;
        Ok(order)
    }

    /// How an order stands; none: the channel never saw it.
    pub async fn query(&self, ask: Ask) -> Result<Option<Told>, ChannelError> {
        let known = store::order::find(self.db.read(), &self.cipher, &ask.channel_order_no).await?;
        let Some(order) = known.filter(|order| order.channel == ask.channel) else { return Ok(None) };
        let said = match self.at(order.channel)? {
            At::Wechat(wechat) => wechat.query(&order.channel_order_no, self.moment()).await,
            At::Alipay(alipay) => alipay.query(&order.channel_order_no, self.moment()).await,
        };
        if said == Said::Unknown {
            return Err(ChannelError::NoAnswer);
        }
        let refunded = store::refund::returned(self.db.read(), &order.channel_order_no).await?;
        let told = order.told(&said, refunded);
        if let Some(told) = &told {
            let mut after = order.clone();
            (after.state, after.channel_trade_no) = (told.state, told.trade_no.clone());
            self.learn(&order, &after).await?;
        }
        Ok(told)
    }

    /// Closes an order; what was never sent will never be. None: there is nothing to close, and there never will be.
    pub async fn close(&self, ask: Ask) -> Result<Option<State>, ChannelError> {
        let known = store::order::find(self.db.read(), &self.cipher, &ask.channel_order_no).await?;
        let Some(order) = known.filter(|order| order.channel == ask.channel) else { return Ok(None) };
        let closed = match self.at(order.channel)? {
            At::Wechat(wechat) => wechat.close(&order.channel_order_no, self.moment()).await,
            At::Alipay(alipay) => alipay.close(&order.channel_order_no, self.moment()).await,
        };
        let now = self.clock.now();
        let state = match closed {
            Some(Said::Closed) => State::Closed,
            // a code that nobody scanned is unknown to the channel and may be scanned until its time is over
            Some(Said::NotFound) if order.state == State::Open && now < order.expires_at => {
                return Err(ChannelError::NoAnswer);
            }
            Some(Said::NotFound) => State::Closed,
            None => return Ok(self.query(ask).await?.map(|told| told.state)),
            Some(_) => return Err(ChannelError::NoAnswer),
        };
        let after = Order { state, ..order.clone() };
        self.learn(&order, &after).await?;
        Ok(Some(state))
    }

    /// Writes what changed; whoever was faster had a newer answer.
    pub(super) async fn learn(&self, before: &Order, after: &Order) -> Result<(), ChannelError> {
        if before == after {
            return Ok(());
        }
        let work = self.db.begin_step().await?;
        store::order::learn(work.tx(), &self.cipher, before.state, after).await?;
        Ok(work.done().await?)
    }
}
