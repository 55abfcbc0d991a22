//! The keys of an installation.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_platform::Tokens;
use liufang_platform::auth::SigningKey;
use liufang_platform::config::Config;

/// Signing where the private key is at hand, verifying otherwise; tokens of the listed public keys are good in both cases, so
/// that a change of keys ends nobody's token. In development the key is made on first use.
pub(super) fn tokens(config: &Config) -> Result<Tokens> {
    let keys: Result<Vec<_>, _> = config.auth.verify_keys.iter().map(|key| STANDARD.decode(key)).collect();
    let keys = keys.context("auth.verify_keys: must be Base64")?;
    let path = config.signing_key_file();
    let has_private = !config.auth.signing_key_file.is_empty() || config.auth.verify_keys.is_empty();
    if has_private {
        let create = !config.is_production();
        let key = SigningKey::load(&path, create)
            .with_context(|| format!("auth.signing_key_file {}", path.display()))?;
        return Ok(Tokens::signing_beside(&key, keys));
    }
    Ok(Tokens::verifying(keys))
}
