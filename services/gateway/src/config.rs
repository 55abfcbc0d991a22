//! What an operator may set about the door. Owns names, defaults and their check; knows no transport.

use liufang_kernel::Violations;
use serde::Deserialize;

use crate::methods::Methods;

/// Section `[gateway]` of the configuration. A rate of `0` switches that limit off.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Largest request, in bytes, message framing included.
    pub max_request_bytes: usize,
    /// Largest answer that is turned into JSON, in bytes of protobuf.
    pub max_response_bytes: usize,
    /// Budget of a unary call whose caller names none.
    pub default_deadline_ms: u64,
    /// Longest budget a caller may ask for on a unary call.
    pub max_deadline_ms: u64,
    /// Longest life of a server stream; clients open the next one with their last position.
    pub max_stream_ms: u64,
    /// How often identity is asked which sign-ins have ended, and whether guardians of open streams may still act.
    pub recheck_ms: u64,
    /// Unary calls in work at once; above it new ones are shed.
    pub max_in_flight: usize,
    /// Server streams open at once.
    pub max_streams: usize,
    /// Sustained calls per second of one caller: a principal, or a remote address without one.
    pub per_caller_per_second: u32,
    /// Calls of one caller that may come at once.
    pub burst: u32,
    /// Callers that are counted one by one; above it they share buckets, so memory stays bounded.
    pub max_callers: usize,
    /// Tighter limits for single methods, e.g. the ones that send text messages.
    pub method_limits: Vec<MethodLimit>,
    /// Browser origins that may call, e.g. `https://console.example.cn`; `*` means any, empty none.
    pub cors_origins: Vec<String>,
    /// Proxies in front whose `x-forwarded-for` entries are believed; `0` takes the socket's address.
    pub trusted_proxies: usize,
}

/// A limit of one method, per caller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodLimit {
    /// Full name, e.g. `liufang.identity.v1.VerificationService/SendPhoneCode`.
    pub method: String,
    pub per_caller_per_minute: u32,
    pub burst: u32,
}

impl Default for GatewayConfig {
    fn default() -> GatewayConfig {
        GatewayConfig {
            max_request_bytes: 4 * 1024 * 1024,
            max_response_bytes: 16 * 1024 * 1024,
            default_deadline_ms: 10_000,
            max_deadline_ms: 30_000,
            max_stream_ms: 3_600_000,
            recheck_ms: 2_000,
            max_in_flight: 1_024,
            max_streams: 1_024,
            per_caller_per_second: 200,
            burst: 400,
            max_callers: 100_000,
            method_limits: Vec::new(),
            cors_origins: Vec::new(),
            trusted_proxies: 0,
        }
    }
}

impl GatewayConfig {
    /// Everything that is wrong with the values, all at once.
    pub(crate) fn check(&self, methods: &Methods) -> Violations {
        let mut violations = Violations::new();
        let positive = [
            ("max_request_bytes", self.max_request_bytes),
            ("max_response_bytes", self.max_response_bytes),
            ("max_in_flight", self.max_in_flight),
            ("max_streams", self.max_streams),
            ("max_callers", self.max_callers),
        ];
        for (field, value) in positive {
            violations.check(0 < value, field, "must be greater than zero");
        }
        violations.check(0 < self.default_deadline_ms, "default_deadline_ms", "must be greater than zero");
        violations.check(
            self.default_deadline_ms <= self.max_deadline_ms,
            "max_deadline_ms",
            "must not be less than default_deadline_ms",
        );
        // grpc-timeout carries at most eight digits
        violations.check(
            self.max_deadline_ms < 100_000_000,
            "max_deadline_ms",
            "must be less than 100000000",
        );
        violations.check(
            (1..100_000_000).contains(&self.max_stream_ms),
            "max_stream_ms",
            "must be from 1 to 99999999",
        );
        violations.check(
            (100..=60_000).contains(&self.recheck_ms),
            "recheck_ms",
            "must be from 100 to 60000: an ended sign-in is heard of in that time",
        );
        for limit in &self.method_limits {
            let known = methods.find(&format!("/{}", limit.method)).is_some();
            violations.check(known, &format!("method_limits.{}", limit.method), "is not a public method");
        }
        for origin in &self.cors_origins {
            let shaped = origin == "*" || origin.starts_with("https://") || origin.starts_with("http://");
            violations.check(
                shaped && !origin.ends_with('/'),
                "cors_origins",
                "an origin is scheme://host[:port]",
            );
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use liufang_platform::config::{Config, GatewayTls, Layers};

    use super::*;

    #[test]
    fn the_documented_defaults_are_the_real_ones() {
        let mut section = Config::load(&Layers::default()).unwrap().gateway;
        GatewayTls::KEYS.into_iter().for_each(|key| drop(section.remove(key)));
        let fields = section.len();
        let documented: GatewayConfig = serde_json::from_value(section.into()).unwrap();
        assert_eq!(format!("{documented:?}"), format!("{:?}", GatewayConfig::default()));
        assert_eq!(
            fields,
            format!("{documented:?}").matches(": ").count(),
            "every setting stands in the file"
        );
    }
}
