//! What this service refuses with.

use std::borrow::Cow;

use liufang_kernel::combined::{AMOUNT_DIFFERS, CombinedMistake};
use liufang_kernel::{Class, Fault, INTERNAL, ReasonDoc, Violations};
use liufang_platform::{CipherError, DbFault, PeerFault};

use crate::domain::Broken;

/// Errors of the channels.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// No answer, or none that the channel signed.
    #[error("the channel gave no answer that counts")]
    NoAnswer,
    #[error("the channel is not served here")]
    NotServed,
    #[error("the channel has no such scene, or the scene needs a payer")]
    Scene,
    #[error("the combined order does not add up: {0}")]
    Combined(CombinedMistake),
    #[error("channel order number used with another amount")]
    AmountDiffers,
    /// A notice that is not the channel's, or not for us.
    #[error("the notice is not the channel's own")]
    NotTheChannels,
    /// A statement that came and is not taken.
    #[error("the channel's statement is not taken: {0}")]
    Broken(Broken),
    #[error("stored {0} cannot be read")]
    Stored(&'static str),
    #[error("sealed data cannot be opened")]
    Sealed(#[from] CipherError),
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Peer(Box<PeerFault>),
}

static NO_ANSWER: ReasonDoc = ReasonDoc::new(
    "CHANNEL_NO_ANSWER",
    Class::Unavailable,
    "支付渠道未给出可信应答，结果未知",
    "the payment channel gave no answer that can be trusted; whether it happened is unknown",
);
static NOT_SERVED: ReasonDoc = ReasonDoc::new(
    "CHANNEL_NOT_SERVED",
    Class::Precondition,
    "本系统未开通该支付渠道",
    "no merchant is configured for this payment channel",
);
static SCENE: ReasonDoc = ReasonDoc::new(
    "CHANNEL_SCENE_NOT_SUPPORTED",
    Class::Precondition,
    "该支付渠道不支持此支付场景，或缺少付款人标识",
    "the channel has no such scene, or the scene needs the payer's id at the channel",
);
static COMBINED: ReasonDoc = ReasonDoc::new(
    "COMBINED_ORDER_DOES_NOT_ADD_UP",
    Class::Precondition,
    "医保混合收款金额不平",
    "the amounts of the combined order do not add up",
);
static NOT_THE_CHANNELS: ReasonDoc = ReasonDoc::new(
    "CHANNEL_NOTICE_REFUSED",
    Class::Unauthenticated,
    "支付通知未通过验签或解密",
    "the notice is not signed and sealed by the channel, or is not for this merchant",
);

static BROKEN: ReasonDoc = ReasonDoc::new(
    "CHANNEL_STATEMENT_BROKEN",
    Class::Unavailable,
    "渠道对账单摘要不符或无法解开",
    "the payment channel's statement does not fit its digest or cannot be unpacked; it is asked for again",
);

/// Every reason of this service's own.
pub const REASONS: &[&ReasonDoc] =
    &[&NO_ANSWER, &NOT_SERVED, &SCENE, &COMBINED, &AMOUNT_DIFFERS, &NOT_THE_CHANNELS, &BROKEN];

impl From<PeerFault> for ChannelError {
    fn from(fault: PeerFault) -> ChannelError {
        ChannelError::Peer(Box::new(fault))
    }
}

impl Fault for ChannelError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            ChannelError::NoAnswer => &NO_ANSWER,
            ChannelError::NotServed => &NOT_SERVED,
            ChannelError::Scene => &SCENE,
            ChannelError::Combined(_) => &COMBINED,
            ChannelError::AmountDiffers => &AMOUNT_DIFFERS,
            ChannelError::NotTheChannels => &NOT_THE_CHANNELS,
            ChannelError::Broken(_) => &BROKEN,
            ChannelError::Stored(_) | ChannelError::Sealed(_) => &INTERNAL,
            ChannelError::Db(fault) => fault.doc(),
            ChannelError::Peer(fault) => fault.doc(),
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        match self {
            ChannelError::Combined(mistake) => vec![("identity".into(), mistake.to_string())],
            ChannelError::Broken(broken) => vec![("problem".into(), broken.to_string())],
            ChannelError::Peer(fault) => fault.metadata(),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            ChannelError::Peer(fault) => fault.violations(),
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            ChannelError::Peer(fault) => fault.retry_after_ms(),
            _ => 500,
        }
    }
}
