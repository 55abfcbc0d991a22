//! Time budgets of calls: `grpc-timeout` and Connect's `connect-timeout-ms`, bounded by the configuration.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use liufang_platform::deadline::{parse_timeout, write_timeout};

use crate::config::GatewayConfig;
use crate::error::GatewayError;

const GRPC_TIMEOUT: &str = "grpc-timeout";
const CONNECT_TIMEOUT: &str = "connect-timeout-ms";

/// What the caller asked for, or the default, within the configured bound.
pub(crate) fn budget(
    headers: &HeaderMap,
    streaming: bool,
    config: &GatewayConfig,
) -> Result<Duration, GatewayError> {
    let (default_ms, max_ms) = match streaming {
        true => (config.max_stream_ms, config.max_stream_ms),
        false => (config.default_deadline_ms, config.max_deadline_ms),
    };
    let asked = match (headers.get(GRPC_TIMEOUT), headers.get(CONNECT_TIMEOUT)) {
        (Some(value), _) => Some(value.to_str().ok().and_then(parse_timeout).ok_or_else(|| {
            GatewayError::malformed(GRPC_TIMEOUT, "must be 1 to 8 digits and one of H M S m u n")
        })?),
        (None, Some(value)) => Some(
            connect_timeout(value)
                .ok_or_else(|| GatewayError::malformed(CONNECT_TIMEOUT, "must be 1 to 10 digits"))?,
        ),
        (None, None) => None,
    };
    let budget = asked.unwrap_or(Duration::from_millis(default_ms));
    Ok(budget.min(Duration::from_millis(max_ms)))
}

/// The header that tells the next hop; at least one millisecond.
pub(crate) fn header(budget: Duration) -> HeaderValue {
    let text = write_timeout(budget.max(Duration::from_millis(1)));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("1000m"))
}

fn connect_timeout(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let shaped = (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    shaped.then(|| text.parse().ok()).flatten().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &'static str, value: &'static str, streaming: bool) -> Option<u128> {
        let headers =
            HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_static(value))]);
        budget(&headers, streaming, &GatewayConfig::default()).ok().map(|budget| budget.as_millis())
    }

    #[test]
    fn bounded_by_configuration() {
        assert_eq!(ask("x-other", "1", false), Some(10_000));
        assert_eq!(ask("x-other", "1", true), Some(3_600_000));
        assert_eq!(ask("grpc-timeout", "250m", false), Some(250));
        assert_eq!(ask("grpc-timeout", "2S", false), Some(2_000));
        assert_eq!(ask("grpc-timeout", "99999999H", false), Some(30_000));
        assert_eq!(ask("connect-timeout-ms", "1500", false), Some(1_500));
        assert_eq!(ask("grpc-timeout", "5M", true), Some(300_000));
    }

    #[test]
    fn refuses_bad_shapes() {
        for bad in ["", "m", "1", "-1m", "1x", "123456789m", "1.5S", "秒"] {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_TIMEOUT, HeaderValue::from_bytes(bad.as_bytes()).unwrap());
            assert!(budget(&headers, false, &GatewayConfig::default()).is_err(), "{bad}");
        }
        assert_eq!(ask("connect-timeout-ms", "+5", false), None);
    }

    #[test]
    fn header_is_never_zero() {
        assert_eq!(header(Duration::from_millis(1_234)), "1234m");
        assert_eq!(header(Duration::ZERO), "1m");
    }
}
