//! Use cases: what settlement asks, and what channels tell by themselves.
//!
//! Invariant: what is sent was written before, and is sent again as it was written. A channel's silence is no answer:
//! settlement asks again.

mod bill;
mod notice;
mod payment;
mod refund;

use std::sync::Arc;

use liufang_kernel::combined::Combined;
use liufang_kernel::{Fen, Sensitive, Timestamp};
use liufang_platform::{Cipher, Db, Deps, Ids, Peers, SharedClock};

use crate::domain::{Channel, RefundState, Scene};
use crate::error::ChannelError;
use crate::peers::Moment;
use crate::peers::alipay::Alipay;
use crate::peers::wechat::Wechat;
use crate::settings::Settings;

pub use bill::AskBill;

/// An order to create.
pub struct Create {
    pub channel: Channel,
    pub channel_order_no: String,
    pub scene: Scene,
    pub amount: Fen,
    pub freight: Fen,
    /// openid, buyer id, or the code shown at the counter.
    pub payer: Sensitive<String>,
    pub combined: Option<Combined>,
    pub expires_at: Timestamp,
}

/// An order that is asked about or closed.
pub struct Ask {
    pub channel: Channel,
    pub channel_order_no: String,
}

/// A refund that is asked for or about.
pub struct AskRefund {
    pub channel: Channel,
    pub channel_order_no: String,
    pub refund_no: String,
    pub amount: Fen,
}

/// How a refund stands.
pub struct RefundTold {
    /// None: the channel never saw it.
    pub state: Option<RefundState>,
    /// The channel's code, when refused.
    pub reason: String,
    pub amount: Fen,
}

/// The channels; cheap to clone.
#[derive(Clone)]
pub struct App {
    db: Db,
    peers: Peers,
    clock: SharedClock,
    ids: Ids,
    cipher: Cipher,
    wechat: Option<Wechat>,
    alipay: Option<Alipay>,
    pub(crate) listen: Arc<str>,
    wechat_key: Arc<str>,
    alipay_key: Arc<str>,
}

/// The merchant of a channel.
enum At<'a> {
    Wechat(&'a Wechat),
    Alipay(&'a Alipay),
}

impl App {
    pub fn new(deps: &Deps, settings: Settings) -> App {
        App {
            db: deps.db.clone(),
            peers: deps.peers.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids,
            cipher: deps.cipher.clone(),
            wechat: settings.wechat,
            alipay: settings.alipay,
            listen: settings.listen.into(),
            wechat_key: settings.wechat_key.into(),
            alipay_key: settings.alipay_key.into(),
        }
    }

    fn at(&self, channel: Channel) -> Result<At<'_>, ChannelError> {
        let at = match channel {
            Channel::Wechat => self.wechat.as_ref().map(At::Wechat),
            Channel::Alipay => self.alipay.as_ref().map(At::Alipay),
        };
        at.ok_or(ChannelError::NotServed)
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), ids: self.ids }
    }
}
