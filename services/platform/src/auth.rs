//! Who calls: principals, access tokens and what they may be asked for.

pub mod keys;
mod principal;
mod tokens;

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, ReasonDoc};

pub use keys::SigningKey;
pub use principal::{Principal, PrincipalKind};
pub use tokens::{Claims, Tokens};

/// Why a caller was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFault {
    #[error("no credential")]
    Missing,
    #[error("credential cannot be verified")]
    Invalid,
    #[error("credential has expired")]
    Expired,
    #[error("the sign-in has ended")]
    Ended,
    #[error("this kind of caller may not do this")]
    NotAllowed,
}

static MISSING: ReasonDoc = ReasonDoc::new(
    "TOKEN_MISSING",
    Class::Unauthenticated,
    "缺少访问令牌",
    "send `authorization: Bearer <token>`",
);
static INVALID: ReasonDoc = ReasonDoc::new(
    "TOKEN_INVALID",
    Class::Unauthenticated,
    "访问令牌无效",
    "the token cannot be verified; sign in again",
);
static EXPIRED: ReasonDoc = ReasonDoc::new(
    "TOKEN_EXPIRED",
    Class::Unauthenticated,
    "访问令牌已过期",
    "the token has expired; refresh it or sign in again",
);
static ENDED: ReasonDoc = ReasonDoc::new(
    "SIGN_IN_ENDED",
    Class::Unauthenticated,
    "登录已退出，请重新登录",
    "the sign-in this token belongs to was ended; sign in again",
);
static NOT_ALLOWED: ReasonDoc = ReasonDoc::new(
    "CALLER_NOT_ALLOWED",
    Class::PermissionDenied,
    "该调用方无权执行此操作",
    "this kind of caller, or this caller for this resource, may not do this",
);

impl AuthFault {
    pub const REASONS: [&'static ReasonDoc; 5] = [&MISSING, &INVALID, &EXPIRED, &ENDED, &NOT_ALLOWED];
}

impl Fault for AuthFault {
    fn doc(&self) -> &ReasonDoc {
        match self {
            AuthFault::Missing => &MISSING,
            AuthFault::Invalid => &INVALID,
            AuthFault::Expired => &EXPIRED,
            AuthFault::Ended => &ENDED,
            AuthFault::NotAllowed => &NOT_ALLOWED,
        }
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        Vec::new()
    }
}
