//! Which settings are secret, and what production asks of them.

use serde_json::Value;

use super::Config;

/// A secret of fewer characters than this can be guessed.
const LEAST: usize = 16;
const OF_ITS_OWN: &str = "production needs a secret of its own, text of at least 16 characters";
/// In every secret that ships with the product.
const SHIPPED: &str = "liufang-dev";

/// Whether the last part of a setting's name says that its value is secret.
pub(super) fn is_secret(key: &str) -> bool {
    ["secret", "password", "_key"].iter().any(|word| key.ends_with(word))
}

/// Sections whose every value is secret, whatever its name.
pub(super) fn is_vault(path: &str) -> bool {
    path == "crypto.data_keys"
}

/// What production refuses in the secrets that the process's own roles use.
pub(super) fn mistakes(config: &Config, has: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mesh = &config.mesh.secret;
    if mesh.contains(SHIPPED) || (!mesh.is_empty() && is_short(mesh)) {
        found.push(
            "mesh.secret: production must not have the development secret or a short one; leave it empty with mesh.tls"
                .to_owned(),
        );
    }
    // the gateway has no data of its own
    let keeps_data = super::ROLES.iter().any(|role| *role != "gateway" && has(role));
    if keeps_data {
        let bad = |secret: &str| secret.contains(SHIPPED) || is_short(secret);
        let named = config.crypto.named().into_iter().filter(|(_, secret)| bad(secret));
        found.extend(named.map(|(name, _)| format!("{name}: production needs a secret of its own")));
    }
    for (role, section) in config.role.iter().filter(|(role, _)| has(role) && *role != "sandbox") {
        let merchants = section.iter().filter_map(|(name, inner)| Some((name, inner.as_object()?)));
        for (name, merchant) in merchants {
            // a merchant that is not named needs no secret
            let bad =
                merchant.iter().filter(|(key, value)| value.as_str() != Some("") && !is_good(key, value));
            found.extend(bad.map(|(key, _)| format!("role.{role}.{name}.{key}: {OF_ITS_OWN}")));
        }
        for (key, _) in section.iter().filter(|(key, value)| !is_good(key, value)) {
            found.push(format!("role.{role}.{key}: {OF_ITS_OWN}"));
        }
    }
    found
}

/// Keys of single payment channels; empty ones are the common key's.
const OF_A_CHANNEL: [&str; 4] = ["wechat_key", "alipay_key", "unionpay_key", "bank_card_key"];

fn is_good(key: &str, value: &Value) -> bool {
    match value.as_str() {
        Some("") if OF_A_CHANNEL.contains(&key) => true,
        Some(text) => !text.contains(SHIPPED) && (!is_secret(key) || !is_short(text)),
        None => !is_secret(key),
    }
}

fn is_short(text: &str) -> bool {
    text.trim().chars().count() < LEAST
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Layers};

    /// What production says of the settings of a process with the role settlement.
    fn said(setting: &str) -> Vec<String> {
        let settings = ["profile=production", "roles=[\"settlement\"]", setting];
        let overrides = settings.map(str::to_owned).to_vec();
        Config::load(&Layers { overrides, ..Layers::default() }).unwrap_err().0
    }

    #[test]
    fn keys_are_text_of_a_least_length() {
        let about =
            |setting: &str| said(setting).iter().any(|line| line.contains("role.settlement.channel_key"));
        for bad in
            ["4815162342", "4815162342.5", "true", "[\"long-enough-to-be-a-key\"]", "\"\"", "\"short\""]
        {
            assert!(about(&format!("role.settlement.channel_key={bad}")), "{bad}");
        }
        for bad in ["                    ", "liufang-dev-channel-key-and-more"] {
            assert!(about(&format!("role.settlement.channel_key=\"{bad}\"")), "{bad}");
        }
        assert!(!about("role.settlement.channel_key=\"sixteen-letters!\""));
        assert!(about("bus.kind=redis"), "the development key");
    }

    #[test]
    fn the_secret_of_the_mesh_is_long_or_absent() {
        let about = |setting: &str| said(setting).iter().any(|line| line.starts_with("mesh.secret"));
        assert!(about("mesh.secret=short") && about("bus.kind=redis"));
        assert!(!about("mesh.secret=\"\"") && !about("mesh.secret=a-secret-that-is-long-enough"));
    }
}
