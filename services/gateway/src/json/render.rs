//! Protobuf → JSON: answers in canonical proto3 JSON with zero values shown, refusals in the Connect error shape.

use std::sync::LazyLock;

use axum::body::Body as AxumBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderValue, Response, StatusCode, header};
use liufang_platform::status::code_name;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::error::GatewayError;

static OPTIONS: SerializeOptions = SerializeOptions::new().skip_default_fields(false);

/// `google.rpc` types, to show details in words.
static DETAILS: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .expect("tonic-types ships a valid descriptor set")
});

/// An answer: lowerCamelCase names, enums by name, 64-bit numbers as strings, fields with zero values included.
pub(super) fn message(shape: &MessageDescriptor, bytes: &[u8]) -> Result<Vec<u8>, GatewayError> {
    let message = DynamicMessage::decode(shape.clone(), bytes)
        .map_err(|_| GatewayError::BadAnswer("not the message of the contract"))?;
    let mut out = serde_json::Serializer::new(Vec::with_capacity(bytes.len() * 2 + 64));
    message
        .serialize_with_options(&mut out, &OPTIONS)
        .map_err(|_| GatewayError::BadAnswer("not valid as JSON"))?;
    Ok(out.into_inner())
}

/// A refusal: `{code, message, details: [{type, value, debug}]}`.
pub(super) fn refusal(status: &Status) -> Value {
    json!({ "code": connect_name(status.code()), "message": status.message(), "details": details(status) })
}

/// A refusal as the whole answer of a unary call.
pub(super) fn error(status: &Status) -> Response<AxumBody> {
    let mut response = Response::new(AxumBody::from(refusal(status).to_string()));
    *response.status_mut() = http_status(status.code());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(delay) = status.get_details_retry_info().and_then(|info| info.retry_delay) {
        let seconds = delay.as_secs() + u64::from(0 < delay.subsec_nanos());
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status.code() == Code::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn details(status: &Status) -> Vec<Value> {
    let Ok(rich) = tonic_types::Status::decode(status.details()) else { return Vec::new() };
    let shown = rich.details.iter().map(|any| {
        let name = any.type_url.rsplit('/').next().unwrap_or_default();
        let mut detail = json!({ "type": name, "value": STANDARD_NO_PAD.encode(&any.value) });
        if let Some(debug) = debug(name, &any.value) {
            detail["debug"] = debug;
        }
        detail
    });
    shown.collect()
}

fn debug(name: &str, value: &[u8]) -> Option<Value> {
    let message = DynamicMessage::decode(DETAILS.get_message_by_name(name)?, value).ok()?;
    serde_json::to_value(&message).ok()
}

/// Names of the Connect protocol: those of gRPC in small letters, but for two.
fn connect_name(code: Code) -> String {
    match code {
        Code::Ok => connect_name(Code::Unknown),
        Code::Cancelled => "canceled".to_owned(),
        other => code_name(other).to_ascii_lowercase(),
    }
}

/// The Connect protocol's table.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use liufang_platform::access::POOL;
    use liufang_proto::identity::v1 as pb;

    use super::*;

    #[test]
    fn zero_values_are_shown_and_absent_messages_are_not() {
        let shape = POOL.get_message_by_name("liufang.identity.v1.IssueInsuranceCodeResponse").unwrap();
        let answer = pb::IssueInsuranceCodeResponse { code: "9".into(), expires_at_us: 7 }.encode_to_vec();
        assert_eq!(message(&shape, &answer).unwrap(), br#"{"code":"9","expiresAtUs":"7"}"#);
        assert_eq!(message(&shape, b"").unwrap(), br#"{"code":"","expiresAtUs":"0"}"#);
        let shape = POOL.get_message_by_name("liufang.identity.v1.GetMeResponse").unwrap();
        assert_eq!(message(&shape, b"").unwrap(), b"{}");
        assert!(message(&shape, b"\xff").is_err());
    }

    #[tokio::test]
    async fn details_are_shown_in_words() {
        let status = crate::refusal::status(&GatewayError::RateLimited { retry_after_ms: 1_500 });
        let response = error(&status);
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["retry-after"], "2");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["code"], "resource_exhausted");
        let debug = |name: &str| {
            let details = body["details"].as_array().unwrap();
            details.iter().find(|detail| detail["type"] == name).unwrap()["debug"].clone()
        };
        assert_eq!(debug("google.rpc.ErrorInfo")["reason"], "RATE_LIMITED");
        assert_eq!(debug("google.rpc.RetryInfo")["retryDelay"], "1.500s");
    }
}
