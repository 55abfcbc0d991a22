//! What every RPC does first and last: open the call, answer it.

use std::borrow::Cow;

use liufang_kernel::{Class, Fault, ReasonDoc, Violations};
use prost::Message;
use tonic::{Request, Response, Status};

use crate::call::{Call, CallMeta};
use crate::clock::SharedClock;
use crate::hash;
use crate::stack::Caller;
use crate::status::to_status;

/// A request that cannot be read; names every bad field.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub Violations);

static INVALID: ReasonDoc = ReasonDoc::new(
    "INVALID_REQUEST",
    Class::Invalid,
    "请求参数有误，请按字段提示修改",
    "the request has bad fields",
);

impl Invalid {
    pub const REASONS: [&'static ReasonDoc; 1] = [&INVALID];

    /// The registry row, for services that wrap violations in their own error.
    pub fn reason() -> &'static ReasonDoc {
        &INVALID
    }
}

impl Fault for Invalid {
    fn doc(&self) -> &ReasonDoc {
        &INVALID
    }

    fn metadata(&self) -> Vec<(Cow<'static, str>, String)> {
        Vec::new()
    }

    fn violations(&self) -> Option<&Violations> {
        Some(&self.0)
    }
}

/// Opens calls: reads the principal the stack verified, the key, the clock, and parses the body.
#[derive(Clone)]
pub struct Calls {
    clock: SharedClock,
}

impl Calls {
    pub fn new(clock: SharedClock) -> Calls {
        Calls { clock }
    }

    /// Parses `request` with `parse`; a bad request is answered with every violation.
    pub fn open<R, T>(
        &self,
        request: Request<R>,
        parse: impl FnOnce(R, &CallMeta) -> Result<T, Violations>,
    ) -> Result<Call<T>, Status>
    where
        R: Message,
    {
        let (metadata, mut extensions, body) = request.into_parts();
        let caller = extensions.remove::<Caller>().unwrap_or_default();
        let key = metadata.get("idempotency-key").map(|value| value.to_str().unwrap_or_default().to_owned());
        let meta = CallMeta {
            principal: caller.principal,
            method: caller.method,
            request_hash: hash::sha256_hex(&body.encode_to_vec()),
            idempotency_key: key,
            now: self.clock.now(),
        };
        if let Some(problem) = key_problem(&meta, caller.write) {
            let invalid = Invalid(Violations::of("idempotency-key", problem));
            return Err(to_status(&invalid, Some(&meta)));
        }
        match parse(body, &meta) {
            Ok(body) => Ok(Call { meta, body }),
            Err(violations) => Err(to_status(&Invalid(violations), Some(&meta))),
        }
    }
}

fn key_problem(meta: &CallMeta, write: bool) -> Option<&'static str> {
    match &meta.idempotency_key {
        None if write => Some("metadata is required on every write: 8 to 128 visible ASCII characters"),
        Some(key) if !(8..=128).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Some("must be 8 to 128 visible ASCII characters")
        }
        _ => None,
    }
}

/// Renders the result of a use case.
pub fn reply<T, P, E>(result: Result<T, E>) -> Result<Response<P>, Status>
where
    T: Into<P>,
    E: Fault,
{
    match result {
        Ok(value) => Ok(Response::new(value.into())),
        Err(fault) => Err(to_status(&fault, None)),
    }
}
