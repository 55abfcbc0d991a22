//! Everything the order service can answer instead of an order.

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, INTERNAL, ReasonDoc, Violations};
use liufang_platform::rpc::Invalid;
use liufang_platform::{AuthFault, CipherError, DbFault, PeerFault};
use sea_orm::DbErr;

use crate::domain::Refusal;

/// A rule of placing and handling orders that is not a matter of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.reason)]
pub struct Rule(pub &'static ReasonDoc);

/// An error of the order service.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("no such order")]
    NotFound,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("rule {}", .rule.0.reason)]
    Rule { rule: Rule, metadata: Vec<(&'static str, String)> },
    #[error("the payment was refused")]
    PaymentRefused { reason: String },
    #[error("the order changed meanwhile")]
    Changed,
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Peer(Box<PeerFault>),
    #[error(transparent)]
    Db(#[from] DbFault),
    #[error(transparent)]
    Auth(#[from] AuthFault),
    /// Stored or received data that cannot be read.
    #[error("unreadable: {0}")]
    Unreadable(&'static str),
    #[error(transparent)]
    Sealed(#[from] CipherError),
}

impl OrderError {
    /// A refusal by a rule.
    pub fn rule(doc: &'static ReasonDoc) -> OrderError {
        OrderError::Rule { rule: Rule(doc), metadata: Vec::new() }
    }

    /// A refusal by a rule, with a fact.
    pub fn rule_with(doc: &'static ReasonDoc, key: &'static str, value: impl Into<String>) -> OrderError {
        OrderError::Rule { rule: Rule(doc), metadata: vec![(key, value.into())] }
    }

    /// A single bad field.
    pub fn field(field: &str, problem: &str) -> OrderError {
        OrderError::Invalid(Invalid(Violations::of(field, problem)))
    }

    /// Another service refused: nothing happened there and repeating will not help.
    pub fn is_refusal(&self) -> bool {
        matches!(self, OrderError::Peer(fault) if fault.is_refusal())
    }

    /// Neither done nor refused, and repeating will not tell: a person must look.
    pub fn is_stuck(&self) -> bool {
        match self {
            OrderError::Peer(fault) => fault.is_key_reused(),
            other => matches!(other, OrderError::Unreadable(_) | OrderError::Sealed(_)),
        }
    }

    /// Lost a race for a row; the same use case may be run again.
    pub fn is_race(&self) -> bool {
        matches!(self, OrderError::Changed | OrderError::Db(DbFault::LostRace))
    }
}

impl From<PeerFault> for OrderError {
    fn from(fault: PeerFault) -> OrderError {
        OrderError::Peer(Box::new(fault))
    }
}

impl From<DbErr> for OrderError {
    fn from(error: DbErr) -> OrderError {
        OrderError::Db(DbFault::from(error))
    }
}

macro_rules! reasons {
    ($($name:ident = $reason:literal, $class:ident, $zh:literal, $en:literal;)*) => {
        /// Every reason of this service.
        pub const REASONS: &[&ReasonDoc] = &[$(&$name),*];
        $(pub static $name: ReasonDoc = ReasonDoc::new($reason, Class::$class, $zh, $en);)*
    };
}

reasons! {
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND", NotFound, "订单不存在或不属于当前调用方", "no such order, or not the caller's";
    ORDER_ENDED = "ORDER_ENDED", Precondition, "订单已取消或正在退款", "the order is cancelled or being refunded";
    ORDER_STATE_FORBIDS = "ORDER_STATE_FORBIDS", Precondition, "订单当前状态不允许此操作",
        "the order's state, given in the metadata, forbids this";
    ORDER_EXISTS = "ORDER_EXISTS", AlreadyExists, "该就诊预约已有订单", "the visit has an order already; its id is in the metadata";
    ORDER_CHANGED = "ORDER_CHANGED", Aborted, "订单刚被其他操作改变，请以同一幂等键重试",
        "the order changed meanwhile; retry under the same key";
    REVIEW_NOT_PASSED = "REVIEW_NOT_PASSED", Precondition, "药师尚未审方通过，不能支付",
        "the pharmacist has not passed the prescription: no payment yet";
    PAYMENT_PENDING = "PAYMENT_PENDING", Precondition, "支付结果未知，请稍候查询", "the payment has no outcome yet; look again later";
    PAYMENT_REFUSED = "PAYMENT_REFUSED", Precondition, "支付未成功，请重新获取报价后再试",
        "the payment was refused, for the reason in the metadata; ask for a fresh quote";
    QUOTE_EXPIRED = "QUOTE_EXPIRED", Precondition, "报价已过期或不是最新报价，请重新获取", "the quote expired or is not the present one; requote";
    CHANNEL_REQUIRED = "CHANNEL_REQUIRED", Precondition, "有现金部分，请选择支付渠道", "a cash part is left: choose a payment channel";
    COLLECTION_CODE_WRONG = "COLLECTION_CODE_WRONG", Precondition, "取药码错误", "the collection code is wrong; the metadata says how many tries are left";
    CODE_GUESSING = "CODE_GUESSING", Exhausted, "取药码错误次数过多，请稍后再试", "too many wrong codes; wait";
    RISK_NOT_CONFIRMED = "RISK_NOT_CONFIRMED", Precondition, "购买处方药须先确认风险提示",
        "the buyer must confirm the risk warning before buying a prescription drug";
    IDENTITY_NOT_VERIFIED = "IDENTITY_NOT_VERIFIED", Precondition, "尚未完成实名认证", "real-name verification is not complete";
    INSTITUTION_NOT_DESIGNATED = "INSTITUTION_NOT_DESIGNATED", Precondition, "该机构当日无有效医保定点协议",
        "the institution has no active designation agreement on this date";
    INSTITUTION_NOT_CAPABLE = "INSTITUTION_NOT_CAPABLE", Precondition, "该机构未开通此项业务",
        "the institution has not opened this kind of business";
    SCHEME_NOT_OPEN = "SCHEME_NOT_OPEN", Precondition, "该地区未开通此项业务", "the region has no such scheme on this date";
    PLATFORM_NOT_ADMITTED = "PLATFORM_NOT_ADMITTED", Precondition, "该购药平台未接入此项业务",
        "the purchase platform is not admitted to the scheme";
    FULFILMENT_NOT_OFFERED = "FULFILMENT_NOT_OFFERED", Precondition, "该业务不支持所选的取货方式",
        "the scheme does not offer this way of receiving the goods";
    UNMARKED_NOT_SOLD = "UNMARKED_NOT_SOLD", Precondition, "该业务不销售无医保标识的商品",
        "the scheme does not sell goods without the insurance mark";
    ONLINE_FORBIDDEN = "ONLINE_FORBIDDEN", Precondition, "该药品禁止网络销售，请到店自取",
        "the drug may not be sold online; choose pick-up";
    PRESCRIPTION_NOT_ACTIVE = "PRESCRIPTION_NOT_ACTIVE", Precondition, "处方不是有效状态", "the prescription is not active";
    PRESCRIPTION_EXPIRED = "PRESCRIPTION_EXPIRED", Precondition, "处方已失效", "the prescription has expired";
    PRESCRIPTION_REVOKED = "PRESCRIPTION_REVOKED", Precondition, "处方已撤销", "the prescriber revoked the prescription";
    PRESCRIPTION_REFUSED = "PRESCRIPTION_REFUSED", Precondition, "处方未通过医院药师审核",
        "the hospital pharmacist refused the prescription";
    DISEASE_NOT_IN_SCHEME = "DISEASE_NOT_IN_SCHEME", Precondition, "该病种不在本地区慢病续方范围内",
        "the prescription's disease is not in the region's scheme";
    PRESCRIPTION_NOT_FOUND = "PRESCRIPTION_NOT_FOUND", NotFound, "处方不存在或不属于本人", "no such prescription, or not the caller's";
    VISIT_NOT_FOUND = "VISIT_NOT_FOUND", NotFound, "就诊预约不存在或不属于本人", "no such visit, or not the caller's";
    VISIT_NOT_OPEN = "VISIT_NOT_OPEN", Precondition, "该就诊预约不在待支付状态", "the visit does not wait for payment";
    COUNTER_NOT_SETTLED_HERE = "COUNTER_NOT_SETTLED_HERE", Precondition, "该地区药店柜台销售由药店自行结算",
        "the region leaves sales at the counter to the pharmacy's own system";
    PRESENCE_REQUIRED = "PRESENCE_REQUIRED", Precondition, "使用个人账户须参保人到场出示医保码",
        "an account pays: the patient's proof of presence is needed";
    PRESENCE_OF_OTHER_PERSON = "PRESENCE_OF_OTHER_PERSON", Precondition, "出示医保码的不是处方患者本人",
        "the proof of presence is of another person than the patient";
    PRACTITIONER_NOT_PHARMACIST = "PRACTITIONER_NOT_PHARMACIST", Precondition, "发药人须为本机构在岗药师",
        "dispensing needs an active pharmacist of this institution";
}

fn refusal_doc(refusal: &Refusal) -> &'static ReasonDoc {
    match refusal {
        Refusal::Ended(_) => &ORDER_ENDED,
        Refusal::StateForbids(_) => &ORDER_STATE_FORBIDS,
        Refusal::ReviewNotPassed => &REVIEW_NOT_PASSED,
        Refusal::PaymentPending => &PAYMENT_PENDING,
        Refusal::QuoteExpired => &QUOTE_EXPIRED,
        Refusal::ChannelRequired => &CHANNEL_REQUIRED,
        Refusal::CollectionCodeWrong { .. } => &COLLECTION_CODE_WRONG,
        Refusal::CodeGuessing { .. } => &CODE_GUESSING,
    }
}

impl Fault for OrderError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            OrderError::NotFound => &ORDER_NOT_FOUND,
            OrderError::Refused(refusal) => refusal_doc(refusal),
            OrderError::Rule { rule, .. } => rule.0,
            OrderError::PaymentRefused { .. } => &PAYMENT_REFUSED,
            OrderError::Changed => &ORDER_CHANGED,
            OrderError::Invalid(invalid) => invalid.doc(),
            OrderError::Peer(fault) => fault.doc(),
            OrderError::Db(fault) => fault.doc(),
            OrderError::Auth(fault) => fault.doc(),
            OrderError::Unreadable(_) | OrderError::Sealed(_) => &INTERNAL,
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        match self {
            OrderError::Refused(Refusal::Ended(state) | Refusal::StateForbids(state)) => {
                vec![(Cow::Borrowed("state"), state.as_str().to_owned())]
            }
            OrderError::Refused(Refusal::CollectionCodeWrong { left }) => {
                vec![(Cow::Borrowed("tries_left"), left.to_string())]
            }
            OrderError::Rule { metadata, .. } => {
                metadata.iter().map(|(key, value)| (Cow::Borrowed(*key), value.clone())).collect()
            }
            OrderError::PaymentRefused { reason } => vec![(Cow::Borrowed("failure_reason"), reason.clone())],
            OrderError::Peer(fault) => fault.metadata(),
            OrderError::Db(fault) => fault.metadata(),
            OrderError::Auth(fault) => fault.metadata(),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            OrderError::Invalid(invalid) => invalid.violations(),
            OrderError::Peer(fault) => fault.violations(),
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            OrderError::Refused(Refusal::CodeGuessing { retry_after_ms }) => *retry_after_ms,
            OrderError::Peer(fault) => fault.retry_after_ms(),
            OrderError::Db(fault) => fault.retry_after_ms(),
            _ => 100,
        }
    }
}
