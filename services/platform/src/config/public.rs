//! The part of `[gateway]` that concerns the port itself; the rest is the gateway's own.

use serde_json::Value;

use super::Config;

/// How the public port is secured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayTls {
    /// PEM; empty: plain text.
    pub cert_file: String,
    pub key_file: String,
    /// A proxy in front speaks TLS with the outside.
    pub plaintext_behind_proxy: bool,
}

impl GatewayTls {
    /// Keys of `[gateway]` that the gateway itself does not read.
    pub const KEYS: [&str; 3] = ["listen", "tls", "plaintext_behind_proxy"];

    pub fn of(config: &Config) -> GatewayTls {
        let text = |key: &str| {
            let value = config.gateway.get("tls").and_then(|tls| tls.get(key));
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        GatewayTls {
            cert_file: text("cert_file"),
            key_file: text("key_file"),
            plaintext_behind_proxy: config.gateway.get("plaintext_behind_proxy").and_then(Value::as_bool)
                == Some(true),
        }
    }

    pub fn is_on(&self) -> bool {
        !self.cert_file.is_empty()
    }

    /// What is wrong, one line each.
    pub(super) fn mistakes(config: &Config) -> Vec<String> {
        let mut mistakes = Vec::new();
        let own = GatewayTls::of(config);
        if own.cert_file.is_empty() != own.key_file.is_empty() {
            mistakes.push("gateway.tls: cert_file and key_file go together".to_owned());
        }
        if own.is_on() && own.plaintext_behind_proxy {
            mistakes.push("gateway: tls and plaintext_behind_proxy exclude each other".to_owned());
        }
        mistakes
    }
}
