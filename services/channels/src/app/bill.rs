//! Statements of a day: fetched, held against what the channel signs, handed on as they are.

use liufang_kernel::Date;
use liufang_kernel::timestamp::date_text;

use super::{App, At};
use crate::domain::{Billed, Channel};
use crate::error::ChannelError;

/// A statement that is asked for. One merchant a channel: it is that of all institutions.
pub struct AskBill {
    pub channel: Channel,
    pub day: Date,
}

impl App {
    /// The statement of a day that is over.
    pub async fn bill(&self, ask: AskBill) -> Result<Billed, ChannelError> {
        if ask.day >= self.clock.now().china_date() {
            return Ok(Billed::NotReady);
        }
        let day = date_text(ask.day);
        let billed = match self.at(ask.channel)? {
            At::Wechat(wechat) => wechat.bill(&day, self.moment()).await,
            At::Alipay(alipay) => alipay.bill(&day, self.moment()).await,
        };
        match billed {
            Billed::Unknown => Err(ChannelError::NoAnswer),
            Billed::Broken(broken) => {
                tracing::error!(channel = ask.channel.word(), day, %broken, "a channel's statement is not taken");
                Err(ChannelError::Broken(broken))
            }
            billed => Ok(billed),
        }
    }
}
