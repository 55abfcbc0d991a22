//! The one place that turns a [`Fault`] into a gRPC status with `google.rpc` details, and logs it once.

use std::collections::HashMap;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use liufang_kernel::{Class, Fault, ReasonDoc};
use tonic::{Code, Status};
use tonic_types::{
    BadRequest, ErrorDetail, ErrorInfo, FieldViolation, LocalizedMessage, PreconditionFailure,
    PreconditionViolation, QuotaFailure, QuotaViolation, RequestInfo, ResourceInfo, RetryInfo, StatusExt,
};

use crate::call::CallMeta;
use crate::causes;

/// Namespace of our reasons in `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "liufang";

/// The gRPC code of a class.
pub fn code(class: Class) -> Code {
    match class {
        Class::Invalid => Code::InvalidArgument,
        Class::Precondition => Code::FailedPrecondition,
        Class::NotFound => Code::NotFound,
        Class::AlreadyExists => Code::AlreadyExists,
        Class::PermissionDenied => Code::PermissionDenied,
        Class::Unauthenticated => Code::Unauthenticated,
        Class::Aborted => Code::Aborted,
        Class::Exhausted => Code::ResourceExhausted,
        Class::Unavailable => Code::Unavailable,
        Class::Deadline => Code::DeadlineExceeded,
        Class::Unimplemented => Code::Unimplemented,
        Class::Internal => Code::Internal,
    }
}

/// The code as the gRPC documents write it.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The end of an answer that has begun.
pub fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if status.add_header(&mut trailers).is_err() {
        // a message that fits no header still has a code
        trailers.insert(Status::GRPC_STATUS, HeaderValue::from(i32::from(status.code())));
    }
    trailers
}

/// Turns a fault into a status. `meta` is known once the call was opened.
pub fn to_status(fault: &dyn Fault, meta: Option<&CallMeta>) -> Status {
    let doc = fault.doc();
    log(fault, meta);
    let mut details =
        vec![ErrorDetail::ErrorInfo(ErrorInfo::new(doc.reason.as_ref(), DOMAIN, metadata(fault)))];
    details.extend(class_details(fault));
    if doc.class == Class::Exhausted {
        let violation = QuotaViolation::new(doc.reason.as_ref(), doc.en.as_ref());
        details.push(ErrorDetail::QuotaFailure(QuotaFailure::new(vec![violation])));
    }
    details.push(ErrorDetail::LocalizedMessage(LocalizedMessage::new("zh-CN", doc.zh.as_ref())));
    details.push(ErrorDetail::LocalizedMessage(LocalizedMessage::new("en", doc.en.as_ref())));
    Status::with_error_details_vec(code(doc.class), message(fault), details)
}

fn metadata(fault: &dyn Fault) -> HashMap<String, String> {
    if fault.doc().class == Class::Internal {
        return HashMap::new();
    }
    fault.metadata().into_iter().map(|(key, value)| (key.into_owned(), value)).collect()
}

fn message(fault: &dyn Fault) -> String {
    let doc = fault.doc();
    match (doc.class, fault.violations()) {
        (Class::Invalid, Some(violations)) => format!("{}: {violations}", doc.en),
        _ => doc.en.to_string(),
    }
}

fn class_details(fault: &dyn Fault) -> Option<ErrorDetail> {
    let doc = fault.doc();
    let subject = || fault.metadata().into_iter().next().map(|(_, value)| value).unwrap_or_default();
    let retry =
        || ErrorDetail::RetryInfo(RetryInfo::new(Some(Duration::from_millis(fault.retry_after_ms()))));
    match doc.class {
        Class::Invalid => fault.violations().map(|violations| {
            let fields: Vec<_> =
                violations.iter().map(|(field, problem)| FieldViolation::new(field, problem)).collect();
            ErrorDetail::BadRequest(BadRequest::new(fields))
        }),
        Class::Precondition => {
            let violation = PreconditionViolation::new(doc.reason.as_ref(), subject(), doc.en.as_ref());
            Some(ErrorDetail::PreconditionFailure(PreconditionFailure::new(vec![violation])))
        }
        Class::NotFound | Class::AlreadyExists => Some(ErrorDetail::ResourceInfo(ResourceInfo::new(
            doc.reason.as_ref(),
            subject(),
            "",
            doc.en.as_ref(),
        ))),
        Class::Aborted | Class::Unavailable | Class::Exhausted | Class::Deadline => Some(retry()),
        Class::Internal => Some(ErrorDetail::RequestInfo(RequestInfo::new(crate::stack::request_id(), ""))),
        Class::PermissionDenied | Class::Unauthenticated | Class::Unimplemented => None,
    }
}

/// ERROR means a person must look; a refusal is an ordinary answer.
fn log(fault: &dyn Fault, meta: Option<&CallMeta>) {
    let ReasonDoc { reason, class, .. } = fault.doc();
    let method = meta.map_or("", |meta| meta.method.as_str());
    match class {
        Class::Internal => {
            tracing::error!(%reason, method, "internal error: {}", causes::chain(fault));
        }
        Class::Unavailable => tracing::info!(%reason, method, "unavailable: {fault}"),
        _ => tracing::debug!(%reason, method, "refused"),
    }
}
