//! One call as a use case sees it: who, which method, under which key, when, and the checked body.

use liufang_kernel::Timestamp;

use crate::auth::Principal;

/// A parsed call.
#[derive(Clone, Debug)]
pub struct Call<T> {
    pub meta: CallMeta,
    pub body: T,
}

/// Everything about a call but its body.
#[derive(Clone, Debug)]
pub struct CallMeta {
    pub principal: Principal,
    /// Full path, e.g. `/liufang.order.v1.OrderService/PlaceOrder`.
    pub method: String,
    /// Present on every write.
    pub idempotency_key: Option<String>,
    /// SHA-256 of the request message.
    pub request_hash: String,
    pub now: Timestamp,
}
