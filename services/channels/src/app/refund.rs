//! Refunds: asked for under a number of ours, as often as it takes.

use liufang_platform::DbFault;

use super::{App, AskRefund, At, RefundTold};
use crate::domain::{Refund, RefundSaid, RefundState};
use crate::error::ChannelError;
use crate::store;

impl App {
    /// Refunds; the same refund number twice is one refund.
    pub async fn refund(&self, ask: AskRefund) -> Result<RefundTold, ChannelError> {
        let known = store::order::find(self.db.read(), &self.cipher, &ask.channel_order_no).await?;
        let Some(order) = known.filter(|order| order.channel == ask.channel) else {
            return Ok(told(&RefundSaid::Refused("NOT_FOUND".to_owned()), &ask));
        };
        let refund = match store::refund::find(self.db.read(), &ask.refund_no).await? {
            Some(refund)
                if (&refund.channel_order_no, refund.amount) != (&ask.channel_order_no, ask.amount) =>
            {
                return Ok(told(&RefundSaid::Refused("REFUND_NO_REUSED".to_owned()), &ask));
            }
            Some(refund) if refund.state == RefundState::Accepted => {
                return Ok(told(&RefundSaid::Accepted, &ask));
            }
            // in hand there: only asking helps
            Some(refund) if refund.state == RefundState::Processing => {
                return self.ask_refund(refund, ask).await;
            }
            Some(refund) => refund,
            None => self.intend_refund(&ask).await?,
        };
        let mut said = match self.at(ask.channel)? {
            At::Wechat(wechat) => wechat.refund(&refund, &order, self.moment()).await,
            At::Alipay(alipay) => alipay.refund(&refund, self.moment()).await,
        };
        // a repeat of what is done looks like one in hand
        if said == RefundSaid::Processing
            && let At::Alipay(alipay) = self.at(ask.channel)?
        {
            said = match alipay.query_refund(&refund, self.moment()).await {
                RefundSaid::NotFound => RefundSaid::Unknown,
                said => said,
            };
        }
        self.learn_refund(&refund, said, ask).await
    }

    /// How a refund stands.
    pub async fn query_refund(&self, ask: AskRefund) -> Result<RefundTold, ChannelError> {
        let known = store::refund::find(self.db.read(), &ask.refund_no).await?;
        match known.filter(|refund| refund.channel_order_no == ask.channel_order_no) {
            // told by a notice, or by an answer before
            Some(refund) if refund.state == RefundState::Accepted => {
                Ok(told(&RefundSaid::Accepted, &AskRefund { amount: refund.amount, ..ask }))
            }
            Some(refund) => self.ask_refund(refund, ask).await,
            None => Ok(told(&RefundSaid::NotFound, &ask)),
        }
    }

    async fn ask_refund(&self, refund: Refund, ask: AskRefund) -> Result<RefundTold, ChannelError> {
        let said = match self.at(ask.channel)? {
            At::Wechat(wechat) => wechat.query_refund(&refund.refund_no, self.moment()).await,
            At::Alipay(alipay) => alipay.query_refund(&refund, self.moment()).await,
        };
        let ask = AskRefund { amount: refund.amount, ..ask };
        self.learn_refund(&refund, said, ask).await
    }

    async fn learn_refund(
        &self,
        refund: &Refund,
        said: RefundSaid,
        ask: AskRefund,
    ) -> Result<RefundTold, ChannelError> {
        if said == RefundSaid::Unknown {
            return Err(ChannelError::NoAnswer);
        }
        if let Some(state) = said.state().filter(|state| *state != refund.state) {
            let work = self.db.begin_step().await?;
            store::refund::learn(work.tx(), &refund.refund_no, state).await?;
            work.done().await?;
        }
        Ok(told(&said, &ask))
    }

    async fn intend_refund(&self, ask: &AskRefund) -> Result<Refund, ChannelError> {
        let refund = Refund {
            refund_no: ask.refund_no.clone(),
            channel_order_no: ask.channel_order_no.clone(),
            amount: ask.amount,
            state: RefundState::Intent,
        };
        let work = self.db.begin_step().await?;
        if !store::refund::insert(work.tx(), &refund, self.clock.now()).await? {
            return Err(DbFault::LostRace.into());
        }
        work.done().await?;
        Ok(refund)
    }
}

fn told(said: &RefundSaid, ask: &AskRefund) -> RefundTold {
    let reason = match said {
        RefundSaid::Refused(code) => code.clone(),
        RefundSaid::Processing => "PROCESSING".to_owned(),
        _ => String::new(),
    };
    RefundTold { state: said.state(), reason, amount: ask.amount }
}
