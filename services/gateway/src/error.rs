//! Refusals of the door itself. Everything else a caller sees comes from the service behind it, untouched.

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, ReasonDoc, Violations};
use liufang_platform::{AuthFault, PeerFault};
use thiserror::Error;
use tonic::Code;

/// Why the door did not pass a call, or could not bring the answer back.
#[derive(Debug, Error)]
pub(crate) enum GatewayError {
    #[error("no such public method")]
    MethodNotFound,
    #[error("a streaming method was called as a unary one")]
    StreamingMethod,
    #[error("content encoding is not supported")]
    EncodingNotSupported,
    #[error("request malformed: {0}")]
    Malformed(Violations),
    #[error("request is larger than {max_bytes} bytes")]
    TooLarge { max_bytes: usize },
    #[error("answer is larger than {max_bytes} bytes")]
    AnswerTooLarge { max_bytes: usize },
    #[error("too many calls of this caller")]
    RateLimited { retry_after_ms: u64 },
    #[error("too many calls in work")]
    Overloaded,
    #[error("deadline exceeded")]
    DeadlineExceeded,
    #[error("the server stops")]
    Closing,
    #[error("service unavailable: {0}")]
    Unavailable(String),
    #[error("answer of the service could not be read: {0}")]
    BadAnswer(&'static str),
    #[error(transparent)]
    Auth(#[from] AuthFault),
    /// What identity said about a guardian who acts for a child.
    #[error(transparent)]
    Acting(Box<PeerFault>),
}

static METHOD_NOT_FOUND: ReasonDoc = ReasonDoc::new(
    "METHOD_NOT_FOUND",
    Class::NotFound,
    "没有这个对外开放的方法；请核对路径与合同版本",
    "There is no such public method; check the path and the contract's version.",
);
static STREAMING_METHOD: ReasonDoc = ReasonDoc::new(
    "STREAMING_METHOD",
    Class::NotFound,
    "流式方法请用 gRPC、gRPC-Web 或 application/connect+json 调用；健康检查与反射只支持 gRPC",
    "Call streaming methods over gRPC, gRPC-Web or application/connect+json; health and reflection over gRPC only.",
);
static ENCODING_NOT_SUPPORTED: ReasonDoc = ReasonDoc::new(
    "ENCODING_NOT_SUPPORTED",
    Class::NotFound,
    "不支持该内容编码；请不压缩请求体",
    "The content encoding is not supported; send the body uncompressed.",
);
static REQUEST_MALFORMED: ReasonDoc = ReasonDoc::new(
    "REQUEST_MALFORMED",
    Class::Invalid,
    "请求格式有误；请按所列字段改正",
    "The request cannot be read; mend the listed fields.",
);
static REQUEST_TOO_LARGE: ReasonDoc = ReasonDoc::new(
    "REQUEST_TOO_LARGE",
    Class::Invalid,
    "请求过大；请分批提交",
    "The request is too large; split it. Repeating it does not help.",
);
static ANSWER_TOO_LARGE: ReasonDoc = ReasonDoc::new(
    "ANSWER_TOO_LARGE",
    Class::Invalid,
    "应答过大，无法转为 JSON；请缩小分页或改用 gRPC",
    "The answer is too large for JSON; ask for smaller pages or use gRPC.",
);
static RATE_LIMITED: ReasonDoc = ReasonDoc::new(
    "RATE_LIMITED",
    Class::Exhausted,
    "调用过于频繁；请按提示时间后重试",
    "Too many calls; wait as told, then repeat under the same idempotency key.",
);
pub(crate) const GATEWAY_OVERLOADED_REASON: &str = "GATEWAY_OVERLOADED";
static GATEWAY_OVERLOADED: ReasonDoc = ReasonDoc::new(
    GATEWAY_OVERLOADED_REASON,
    Class::Exhausted,
    "系统繁忙，请求未被处理；请稍后重试",
    "The system is busy and did not take the call; repeat it later.",
);
static DEADLINE_EXCEEDED: ReasonDoc = ReasonDoc::new(
    "DEADLINE_EXCEEDED",
    Class::Unavailable,
    "超时，结果未知；请用同一幂等键重试或查询",
    "Time ran out and the outcome is unknown; repeat under the same idempotency key, or query.",
);
static GATEWAY_CLOSING: ReasonDoc = ReasonDoc::new(
    "GATEWAY_CLOSING",
    Class::Unavailable,
    "服务正在重启，流已结束；请从最后的位置重新订阅",
    "The server restarts and ends its streams; open a new one from the last position.",
);
static SERVICE_UNREACHABLE: ReasonDoc = ReasonDoc::new(
    "SERVICE_UNREACHABLE",
    Class::Unavailable,
    "服务暂不可用，结果未知；请用同一幂等键重试",
    "The service cannot be reached and the outcome is unknown; repeat under the same idempotency key.",
);
static ANSWER_UNREADABLE: ReasonDoc = ReasonDoc::new(
    "ANSWER_UNREADABLE",
    Class::Internal,
    "系统内部错误；请附请求编号联系运维",
    "An internal error; report it with the request id.",
);

/// Every reason the door itself can answer.
pub const REASONS: &[&ReasonDoc] = &[
    &METHOD_NOT_FOUND,
    &STREAMING_METHOD,
    &ENCODING_NOT_SUPPORTED,
    &REQUEST_MALFORMED,
    &REQUEST_TOO_LARGE,
    &ANSWER_TOO_LARGE,
    &RATE_LIMITED,
    &GATEWAY_OVERLOADED,
    &DEADLINE_EXCEEDED,
    &GATEWAY_CLOSING,
    &SERVICE_UNREACHABLE,
    &ANSWER_UNREADABLE,
];

impl GatewayError {
    /// One bad field.
    pub fn malformed(field: &str, problem: impl Into<String>) -> GatewayError {
        GatewayError::Malformed(Violations::of(field, problem))
    }

    /// Codes of the transport that no [`Class`] stands for.
    pub fn transport_code(&self) -> Option<Code> {
        match self {
            GatewayError::MethodNotFound
            | GatewayError::StreamingMethod
            | GatewayError::EncodingNotSupported => Some(Code::Unimplemented),
            GatewayError::DeadlineExceeded => Some(Code::DeadlineExceeded),
            // no quota: waiting does not help, so the class with retry advice would mislead
            GatewayError::TooLarge { .. } | GatewayError::AnswerTooLarge { .. } => {
                Some(Code::ResourceExhausted)
            }
            _ => None,
        }
    }
}

impl Fault for GatewayError {
    fn doc(&self) -> &ReasonDoc {
        match self {
            GatewayError::MethodNotFound => &METHOD_NOT_FOUND,
            GatewayError::StreamingMethod => &STREAMING_METHOD,
            GatewayError::EncodingNotSupported => &ENCODING_NOT_SUPPORTED,
            GatewayError::Malformed(_) => &REQUEST_MALFORMED,
            GatewayError::TooLarge { .. } => &REQUEST_TOO_LARGE,
            GatewayError::AnswerTooLarge { .. } => &ANSWER_TOO_LARGE,
            GatewayError::RateLimited { .. } => &RATE_LIMITED,
            GatewayError::Overloaded => &GATEWAY_OVERLOADED,
            GatewayError::DeadlineExceeded => &DEADLINE_EXCEEDED,
            GatewayError::Closing => &GATEWAY_CLOSING,
            GatewayError::Unavailable(_) => &SERVICE_UNREACHABLE,
            GatewayError::BadAnswer(_) => &ANSWER_UNREADABLE,
            GatewayError::Auth(fault) => fault.doc(),
            GatewayError::Acting(fault) => fault.doc(),
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        match self {
            GatewayError::TooLarge { max_bytes } | GatewayError::AnswerTooLarge { max_bytes } => {
                vec![("max_bytes".into(), max_bytes.to_string())]
            }
            GatewayError::Auth(fault) => fault.metadata(),
            GatewayError::Acting(fault) => fault.metadata(),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            GatewayError::Malformed(violations) => Some(violations),
            GatewayError::Auth(fault) => fault.violations(),
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> u64 {
        match self {
            GatewayError::RateLimited { retry_after_ms } => *retry_after_ms,
            GatewayError::Overloaded | GatewayError::Closing => 500,
            GatewayError::DeadlineExceeded | GatewayError::Unavailable(_) => 1_000,
            GatewayError::Auth(fault) => fault.retry_after_ms(),
            GatewayError::Acting(fault) => fault.retry_after_ms(),
            _ => 100,
        }
    }
}
