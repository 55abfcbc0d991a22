//! The few plain HTTP pages: probes, the published reasons, and a landing page made from the contracts.

use std::fmt::Write as _;

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use liufang_kernel::{Class, ReasonDoc};
use serde_json::{Value, json};

use crate::methods::{Method, Methods};

/// `200 ok` or `503 not ready`.
pub(crate) fn probe(good: bool) -> Response<Body> {
    let (status, text) =
        if good { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") };
    page(status, "text/plain; charset=utf-8", text.to_owned())
}

/// The registry of reasons, by name: `{"domain": "liufang", "reasons": [{reason, class, zh, en}]}`.
pub(crate) fn reasons(docs: &[&ReasonDoc]) -> String {
    let mut docs = docs.to_vec();
    docs.sort_by(|a, b| (&a.reason, class(a.class)).cmp(&(&b.reason, class(b.class))));
    docs.dedup();
    let rows: Vec<Value> = docs
        .iter()
        .map(|doc| json!({ "reason": doc.reason, "class": class(doc.class), "zh": doc.zh, "en": doc.en }))
        .collect();
    json!({ "domain": liufang_platform::status::DOMAIN, "reasons": rows }).to_string()
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Invalid => "invalid",
        Class::Precondition => "precondition",
        Class::NotFound => "not_found",
        Class::AlreadyExists => "already_exists",
        Class::PermissionDenied => "permission_denied",
        Class::Unauthenticated => "unauthenticated",
        Class::Aborted => "aborted",
        Class::Exhausted => "exhausted",
        Class::Unavailable => "unavailable",
        Class::Deadline => "deadline",
        Class::Unimplemented => "unimplemented",
        Class::Internal => "internal",
    }
}

pub(crate) fn json_page(body: &str) -> Response<Body> {
    page(StatusCode::OK, "application/json", body.to_owned())
}

pub(crate) fn html_page(body: &str) -> Response<Body> {
    let mut response = page(StatusCode::OK, "text/html; charset=utf-8", body.to_owned());
    let policy =
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn page(status: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

const HEAD: &str = "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>Liufang 流方</title><style>\
body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
code{background:#f3f3f0;padding:.1em .3em}h2{font-size:1.05rem;margin:1.6rem 0 .3rem}\
ul{margin:0;padding-left:1.2rem}small{color:#666}</style></head><body><h1>Liufang 流方</h1>\
<p>处方流转与医保购药的开放接口：gRPC、gRPC-Web、HTTP/JSON，同一端口。<br>\
<span lang=\"en\">The open interface to prescription circulation and insured purchase: gRPC, gRPC-Web and HTTP/JSON \
on one port.</span></p>\
<p><code>POST /package.Service/Method</code> · <code>content-type: application/json</code> · \
<code>authorization: Bearer …</code> · <code>idempotency-key: …</code></p>\
<p><a href=\"/reasons\">错误原因 Reasons</a> · <a href=\"/healthz\">healthz</a> · <a href=\"/readyz\">readyz</a></p>\n";

/// The landing page: every public service and method, who may call it, and what it does.
pub(crate) fn landing(methods: &Methods) -> String {
    let mut html = HEAD.to_owned();
    for (service, methods) in methods.by_service() {
        let _ = write!(html, "<h2><code>{}</code></h2><ul>", escape(&service));
        for method in methods {
            row(&mut html, &method);
        }
        html.push_str("</ul>\n");
    }
    html.push_str("</body></html>\n");
    html
}

fn row(html: &mut String, method: &Method) {
    let (_, name) = method.name.split_once('/').unwrap_or(("", &method.name));
    let stream = if method.streaming { " · stream" } else { "" };
    let _ = write!(
        html,
        "<li><b>{}</b> {} <small>{}{stream}</small></li>",
        escape(name),
        escape(&method.summary),
        escape(&method.callers.join(", ")),
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landing_lists_public_services() {
        let html = landing(&Methods::read(&liufang_platform::access::POOL));
        assert!(html.contains("liufang.order.v1.OrderService") && html.contains("<b>PlaceOrder</b>"));
        assert!(!html.contains("hooks") && !html.contains("GetPersonForService"));
    }

    #[test]
    fn reasons_are_sorted_and_told_once() {
        let text = reasons(&[crate::REASONS[1], crate::REASONS[0], crate::REASONS[1]]);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["reasons"].as_array().unwrap().len(), 2);
        assert_eq!(value["reasons"][0]["reason"], "METHOD_NOT_FOUND");
        assert_eq!(escape("<a&\">"), "&lt;a&amp;&quot;&gt;");
    }
}
