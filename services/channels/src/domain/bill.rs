//! A channel's statement of a day 渠道对账单.

/// In which form it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 微信支付交易账单.
    Wechat,
    /// 支付宝业务明细.
    Alipay,
}

/// What a channel says of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Billed {
    /// Whole by the channel's own digest, in UTF-8.
    Ready { form: Form, text: String },
    /// Not written yet.
    NotReady,
    /// None; Alipay has one word for nothing and for not yet.
    Nothing,
    /// No answer that counts.
    Unknown,
    /// A file came and is not the channel's, or cannot be unpacked.
    Broken(Broken),
}

/// Why a file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("its digest is another")]
    Digest,
    #[error("it cannot be unpacked")]
    Packing,
    #[error("it is larger than 3 MB")]
    Large,
    #[error("it is not in the channel's writing")]
    Writing,
    #[error("it is not there where the channel's files are")]
    Address,
}
