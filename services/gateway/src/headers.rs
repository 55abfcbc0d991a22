//! What passes the door: a list of headers, not a list of forbidden ones, so nothing an outside caller invents can be
//! taken for a word between services (`x-liufang-*`, principals, regions).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use liufang_platform::Ids;

use crate::deadline;

/// Ties the lines of one request together; ours when the caller sends none.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const PASSED: &[&str] = &[
    "authorization",
    "idempotency-key",
    "traceparent",
    "tracestate",
    "accept-language",
    "grpc-encoding",
    "grpc-accept-encoding",
];

/// Headers that an answer of a service keeps.
const OURS: &str = "x-liufang-";

/// The headers of the call behind the door. `compressed`: the caller can read and may send compressed messages.
pub(crate) fn outgoing(
    incoming: &HeaderMap,
    request_id: &HeaderValue,
    budget: Duration,
    compressed: bool,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(PASSED.len() + 4);
    for name in PASSED {
        if !compressed && name.starts_with("grpc-") {
            continue;
        }
        // one value each: a second one could be read differently further in
        if let Some(value) = incoming.get(*name) {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    headers.insert("grpc-timeout", deadline::header(budget));
    headers.insert(REQUEST_ID, request_id.clone());
    headers
}

/// The caller's id when it has a harmless shape, else a new one. The services behind use the same rule.
pub(crate) fn request_id(incoming: &HeaderMap) -> HeaderValue {
    let given = incoming.get(REQUEST_ID).filter(|value| {
        let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        (1..=64).contains(&value.len()) && value.as_bytes().iter().all(harmless)
    });
    match given {
        Some(value) => value.clone(),
        None => HeaderValue::from_str(&Ids.next("req")).unwrap_or(HeaderValue::from_static("unknown")),
    }
}

/// Takes words between services out of an answer.
pub(crate) fn clean_answer(headers: &mut HeaderMap) {
    let inner: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(OURS)).cloned().collect();
    for name in inner {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_listed_headers_pass() {
        let incoming = map(&[
            ("authorization", "Bearer t"),
            ("idempotency-key", "k"),
            ("x-liufang-principal", "operator"),
            ("cookie", "a=b"),
            ("x-forwarded-for", "1.2.3.4"),
            ("grpc-timeout", "9H"),
            ("grpc-encoding", "gzip"),
        ]);
        let headers = outgoing(&incoming, &HeaderValue::from_static("id"), Duration::from_secs(1), false);
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["authorization", "content-type", "grpc-timeout", "idempotency-key", "te", "x-request-id"]
        );
        assert_eq!(headers["grpc-timeout"], "1000m");
        let headers = outgoing(&incoming, &HeaderValue::from_static("id"), Duration::from_secs(1), true);
        assert_eq!(headers["grpc-encoding"], "gzip");
    }

    #[test]
    fn request_ids_are_checked() {
        assert_eq!(request_id(&map(&[("x-request-id", "order-42_retry")])), "order-42_retry");
        for bad in ["", "has space", "a.b", "新的请求编号", &"x".repeat(65)] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(bad.as_bytes()).unwrap());
            assert!(request_id(&headers).as_bytes().starts_with(b"req_"), "{bad}");
        }
    }
}
