//! Which web pages may call. Owns the CORS headers; knows nothing of methods or callers.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

const ALLOW_HEADERS: &str = "authorization, content-type, idempotency-key, grpc-timeout, connect-protocol-version, \
                             connect-timeout-ms, x-grpc-web, x-user-agent, x-request-id, traceparent, accept-language";
const EXPOSE_HEADERS: &str = "grpc-status, grpc-message, grpc-status-details-bin, x-request-id, retry-after";

/// The configured origins.
#[derive(Clone, Debug)]
pub(crate) struct Cors {
    any: bool,
    origins: Vec<String>,
}

impl Cors {
    pub fn new(origins: &[String]) -> Cors {
        Cors { any: origins.iter().any(|origin| origin == "*"), origins: origins.to_vec() }
    }

    /// The value of `access-control-allow-origin` for this request, when its origin may call.
    fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(header::ORIGIN)?;
        let listed = self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes());
        (self.any || listed).then(|| origin.clone())
    }

    /// The answer to a preflight: no body, and no headers for a stranger.
    pub fn preflight<B: Default>(&self, request: &HeaderMap) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.allowed(request).is_some() {
            let headers = response.headers_mut();
            set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, "POST");
            set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
            set(headers, header::ACCESS_CONTROL_MAX_AGE, "7200");
        }
        self.mark(request, response.headers_mut());
        response
    }

    /// Lets the page of an allowed origin read the answer.
    pub fn mark(&self, request: &HeaderMap, response: &mut HeaderMap) {
        if !self.origins.is_empty() {
            response.append(header::VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = self.allowed(request) {
            response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            set(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
        }
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &[&str], origin: &'static str) -> Option<HeaderValue> {
        let cors = Cors::new(&origins.iter().map(|origin| (*origin).to_owned()).collect::<Vec<_>>());
        let request = HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]);
        cors.preflight::<()>(&request).headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).cloned()
    }

    #[test]
    fn only_listed_origins() {
        assert_eq!(allowed(&["https://a.example"], "https://a.example").unwrap(), "https://a.example");
        assert!(allowed(&["https://a.example"], "https://a.example.evil").is_none());
        assert!(allowed(&[], "https://a.example").is_none());
        assert_eq!(allowed(&["*"], "https://b.example").unwrap(), "https://b.example");
    }
}
