//! Orders and refunds as we asked for them.

use liufang_kernel::{Fen, Sensitive, Timestamp};

/// A channel that is spoken to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Wechat,
    Alipay,
}

/// Where the payer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// A code to scan.
    Qr,
    /// Inside the channel's own app; needs the payer.
    InApp,
    App,
    Web,
    /// The payer shows a code.
    AuthCode,
}

/// How an order stands, as far as the channel said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Written, and perhaps sent: nobody said that it landed.
    Intent,
    Open,
    Paid,
    Closed,
    Refused,
    Refunded,
}

/// How a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    Intent,
    Accepted,
    Processing,
    Refused,
}

macro_rules! words {
    ($kind:ty { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $kind {
            /// The word in the tables.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words!(Channel { Wechat = "wechat", Alipay = "alipay" });
words!(Scene { Qr = "qr", InApp = "in_app", App = "app", Web = "web", AuthCode = "auth_code" });
words!(State {
    Intent = "intent",
    Open = "open",
    Paid = "paid",
    Closed = "closed",
    Refused = "refused",
    Refunded = "refunded",
});
words!(RefundState {
    Intent = "intent",
    Accepted = "accepted",
    Processing = "processing",
    Refused = "refused",
});

/// One order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub channel: Channel,
    pub channel_order_no: String,
    pub scene: Scene,
    pub amount: Fen,
    /// Delivery and packing within the amount.
    pub freight: Fen,
    pub state: State,
    pub channel_trade_no: String,
    /// The body that is sent; it may name the payer.
    pub request: Sensitive<String>,
    /// What the payer's app hands to the channel's.
    pub pay_params: Sensitive<String>,
    pub expires_at: Timestamp,
}

/// One refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub refund_no: String,
    pub channel_order_no: String,
    pub amount: Fen,
    pub state: RefundState,
}

impl Order {
    /// Whether a second request under the number is the same order.
    pub fn is_same(&self, channel: Channel, amount: Fen, freight: Fen) -> bool {
        (self.channel, self.amount, self.freight) == (channel, amount, freight)
    }
}
