//! What dispatch refuses with.

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, INTERNAL, ReasonDoc, Timestamp, Violations};
use liufang_platform::{AuthFault, CipherError, DbFault, PeerFault};

use crate::domain::delivery::{Refusal, State};

/// Errors of dispatch.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    #[error("no such delivery for this caller")]
    NotFound,
    #[error("region has no delivery rules on this date")]
    NoRules,
    #[error("too far for a delivery")]
    OutOfArea { distance_m: i64 },
    #[error("{refusal}")]
    State { refusal: Refusal, state: State },
    #[error("order has a delivery with other content")]
    OtherContent,
    #[error("wrong code")]
    WrongCode { left: i64 },
    #[error("too many wrong codes")]
    Guessing { until: Timestamp, now: Timestamp },
    #[error("courier never started a shift")]
    NotOnShift,
    #[error("delivery has no cold chain")]
    NotColdChain,
    #[error("sealed data cannot be opened")]
    Sealed(#[from] CipherError),
    #[error("sealed data cannot be read")]
    Unreadable,
    #[error(transparent)]
    Auth(#[from] AuthFault),
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Peer(Box<PeerFault>),
}

macro_rules! reasons {
    ($($name:ident = $reason:literal, $class:ident, $zh:literal, $en:literal;)*) => {
        $(static $name: ReasonDoc = ReasonDoc::new($reason, Class::$class, $zh, $en);)*
        /// Every reason of this service's own.
        pub const REASONS: &[&ReasonDoc] = &[$(&$name),*];
    };
}

reasons! {
    NOT_FOUND = "DELIVERY_NOT_FOUND", NotFound, "没有找到该配送单", "there is no such delivery for this caller";
    NO_RULES = "DELIVERY_NOT_OFFERED", Precondition, "该地区未开通配送", "the region offers no delivery on this date";
    OUT_OF_AREA = "OUT_OF_AREA", Precondition, "超出配送范围", "the door is beyond the longest distance served";
    PICKED_UP = "DELIVERY_PICKED_UP", Precondition, "药品已由骑手取走", "the goods are with the courier already";
    NOT_PICKED_UP = "DELIVERY_NOT_PICKED_UP", Precondition, "骑手尚未取药", "the goods were not picked up yet";
    NOT_ASSIGNED = "DELIVERY_NOT_ASSIGNED", Precondition, "药品尚未备好或未分配骑手", "the goods are not packed or no courier is assigned";
    CANCELLED = "DELIVERY_CANCELLED", Precondition, "配送已取消", "the delivery was called off; do not hand over";
    RETURNED = "DELIVERY_RETURNED", Precondition, "药品已退回药店", "the goods went back to the pharmacy";
    DELIVERED = "DELIVERY_DELIVERED", Precondition, "药品已送达", "the goods were handed to the recipient";
    ATTEMPTS_LEFT = "DELIVERY_ATTEMPTS_LEFT", Precondition, "尚有投递机会，不能退回", "attempts are left before the goods go back";
    OTHER_CONTENT = "DELIVERY_EXISTS", AlreadyExists, "该订单已有其他内容的配送单", "the order has a delivery with other content";
    WRONG_CODE = "CODE_WRONG", Precondition, "校验码不正确", "the code is wrong; metadata says how many tries are left";
    GUESSING = "CODE_GUESSING", Exhausted, "校验码错误次数过多，请稍后再试", "too many wrong codes; wait before trying again";
    NOT_ON_SHIFT = "COURIER_NOT_ON_SHIFT", Precondition, "骑手未上班", "start a shift first";
    NOT_COLD_CHAIN = "DELIVERY_NOT_COLD_CHAIN", Precondition, "该配送单无需冷链", "the delivery needs no cold chain";
}

impl DispatchError {
    pub fn state(refusal: Refusal, state: State) -> DispatchError {
        DispatchError::State { refusal, state }
    }
}

impl From<PeerFault> for DispatchError {
    fn from(fault: PeerFault) -> DispatchError {
        DispatchError::Peer(Box::new(fault))
    }
}

impl Fault for DispatchError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            DispatchError::NotFound => &NOT_FOUND,
            DispatchError::NoRules => &NO_RULES,
            DispatchError::OutOfArea { .. } => &OUT_OF_AREA,
            DispatchError::State { refusal, .. } => match refusal {
                Refusal::PickedUp => &PICKED_UP,
                Refusal::NotPickedUp => &NOT_PICKED_UP,
                Refusal::NotAssigned => &NOT_ASSIGNED,
                Refusal::Cancelled => &CANCELLED,
                Refusal::Returned => &RETURNED,
                Refusal::Delivered => &DELIVERED,
                Refusal::AttemptsLeft => &ATTEMPTS_LEFT,
            },
            DispatchError::OtherContent => &OTHER_CONTENT,
            DispatchError::WrongCode { .. } => &WRONG_CODE,
            DispatchError::Guessing { .. } => &GUESSING,
            DispatchError::NotOnShift => &NOT_ON_SHIFT,
            DispatchError::NotColdChain => &NOT_COLD_CHAIN,
            DispatchError::Sealed(_) | DispatchError::Unreadable => &INTERNAL,
            DispatchError::Auth(fault) => fault.doc(),
            DispatchError::Db(fault) => fault.doc(),
            DispatchError::Peer(fault) => fault.doc(),
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        match self {
            DispatchError::State { state, .. } => vec![("state".into(), state.word().to_owned())],
            DispatchError::OutOfArea { distance_m } => vec![("distance_m".into(), distance_m.to_string())],
            DispatchError::WrongCode { left } => vec![("tries_left".into(), left.to_string())],
            DispatchError::Guessing { until, .. } => vec![("locked_until_us".into(), until.0.to_string())],
            DispatchError::Peer(fault) => fault.metadata(),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            DispatchError::Peer(fault) => fault.violations(),
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            DispatchError::Peer(fault) => fault.retry_after_ms(),
            DispatchError::Guessing { until, now } => {
                u64::try_from(until.0.saturating_sub(now.0) / 1000).unwrap_or(100).max(100)
            }
            _ => 100,
        }
    }
}
