//! Layered configuration: built-in defaults, files, environment, command line. The only reader of the environment.
//!
//! A wrong configuration is refused at start with every mistake in one message.

mod check;
mod crypto;
mod hooks;
mod public;
mod secrets;
mod servers;
mod show;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use config::{Environment, File, FileFormat, Source as _};
use serde::Deserialize;

use crate::bus::RedisOptions;
use crate::db::DbOptions;
use crate::mesh::ClientLimits;

pub use check::ROLES;
pub use crypto::Crypto;
pub use public::GatewayTls;
pub use show::Shown;

/// The defaults with their documentation.
pub const DEFAULTS: &str = include_str!("../../../deploy/config/default.toml");

/// How strict the process is with itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    Development,
    Production,
}

/// The whole configuration. The meaning of every key is in `deploy/config/default.toml`.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    pub profile: Profile,
    pub data_dir: PathBuf,
    pub regions_dir: String,
    pub roles: Vec<String>,
    pub drain_ms: u64,
    pub shutdown_ms: u64,
    pub admin: Admin,
    pub gateway: serde_json::Map<String, serde_json::Value>,
    pub database: Database,
    pub bus: Bus,
    pub mesh: Mesh,
    pub hooks: BTreeMap<String, String>,
    pub hooks_tls: HooksTls,
    pub auth: Auth,
    pub crypto: Crypto,
    pub telemetry: Telemetry,
    pub role: BTreeMap<String, serde_json::Map<String, serde_json::Value>>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Admin {
    pub listen: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Database {
    pub url: String,
    pub urls: BTreeMap<String, String>,
    pub max_connections: u32,
    pub acquire_timeout_ms: u64,
    pub statement_timeout_ms: u64,
    pub migrate_at_start: bool,
    pub plaintext_in_private_network: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Bus {
    pub kind: String,
    pub url: String,
    pub cluster: bool,
    pub ca_file: String,
    pub plaintext_in_private_network: bool,
    pub prefix: String,
    pub keep_published_seconds: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Mesh {
    pub secret: String,
    pub max_in_flight: usize,
    pub max_deadline_ms: u64,
    pub resolve_seconds: u64,
    pub max_connection_age_seconds: u64,
    pub tls: MeshTls,
    pub client: ClientLimits,
    pub listen: BTreeMap<String, String>,
    pub peers: BTreeMap<String, String>,
}

/// PEM files; all or none.
#[derive(Clone, Debug, Deserialize)]
pub struct MeshTls {
    pub ca_file: String,
    pub cert_file: String,
    pub key_file: String,
    pub reload_seconds: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct HooksTls {
    pub ca_file: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Auth {
    pub signing_key_file: String,
    pub verify_keys: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Telemetry {
    pub log: String,
    pub format: String,
    pub otlp_endpoint: String,
    pub otlp_metrics: bool,
    pub sample_ratio: f64,
    pub gauges_seconds: u64,
}

/// Where configuration comes from, on top of the defaults.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// TOML files, later ones win.
    pub files: Vec<PathBuf>,
    /// Read `LIUFANG__SECTION__KEY` variables.
    pub environment: bool,
    /// `section.key=value`, values in TOML syntax or plain text; the strongest layer.
    pub overrides: Vec<String>,
}

/// Everything that is wrong, one line each.
#[derive(Debug, thiserror::Error)]
#[error("configuration is not usable:\n  {}", .0.join("\n  "))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads all layers and checks the result.
    pub fn load(layers: &Layers) -> Result<Config, ConfigError> {
        let tree = tree(layers)?;
        let mistakes = check::against_defaults(&tree);
        if !mistakes.is_empty() {
            return Err(ConfigError(mistakes));
        }
        let config: Config = built(layers)?.try_deserialize().map_err(one)?;
        let mistakes = check::rules(&config);
        if mistakes.is_empty() { Ok(config) } else { Err(ConfigError(mistakes)) }
    }

    /// The section of a role, and whether it is one of production.
    pub fn section_of(&self, role: &str) -> serde_json::Map<String, serde_json::Value> {
        let mut section = self.role.get(role).cloned().unwrap_or_default();
        section.insert("production".to_owned(), self.is_production().into());
        section
    }

    /// The outside parties by hook, each payment channel among them: at an address of its own, or at `hooks.payment`.
    pub fn all_hooks(&self) -> BTreeMap<String, String> {
        let mut all = self.hooks.clone();
        if let Some(payment) = self.hooks.get("payment") {
            for channel in hooks::CHANNELS {
                all.entry(channel.to_owned()).or_insert_with(|| payment.clone());
            }
        }
        all
    }

    /// The database of a role.
    pub fn database_of(&self, role: &str) -> DbOptions {
        let data = self.data_dir.display().to_string();
        let url = self.database.urls.get(role).unwrap_or(&self.database.url);
        DbOptions {
            url: url.replace("{role}", role).replace("{data}", &data),
            max_connections: self.database.max_connections,
            acquire_timeout: Duration::from_millis(self.database.acquire_timeout_ms),
            statement_timeout: Duration::from_millis(self.database.statement_timeout_ms),
        }
    }

    /// The Redis of the bus.
    pub fn redis(&self) -> RedisOptions {
        RedisOptions {
            url: self.bus.url.clone(),
            cluster: self.bus.cluster,
            ca_file: self.bus.ca_file.clone(),
            prefix: self.bus.prefix.clone(),
            keep_published: 0 < self.bus.keep_published_seconds,
        }
    }

    /// The token signing key file, also when the default place is meant.
    pub fn signing_key_file(&self) -> PathBuf {
        match self.auth.signing_key_file.as_str() {
            "" => self.data_dir.join("keys/token-signing.key"),
            named => PathBuf::from(named),
        }
    }

    /// Whether the mesh runs inside TLS.
    pub fn has_mesh_tls(&self) -> bool {
        !self.mesh.tls.cert_file.is_empty()
    }

    pub fn is_production(&self) -> bool {
        self.profile == Profile::Production
    }
}

/// The effective values with their sources, secrets hidden.
pub fn show(layers: &Layers) -> Result<Vec<Shown>, ConfigError> {
    let set: Vec<&str> =
        layers.overrides.iter().filter_map(|pair| Some(pair.split_once('=')?.0.trim())).collect();
    Ok(show::flatten(&tree(layers)?, &set))
}

fn built(layers: &Layers) -> Result<config::Config, ConfigError> {
    let mut builder = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    for path in &layers.files {
        builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml).required(true));
    }
    if layers.environment {
        let environment = Environment::with_prefix("LIUFANG").prefix_separator("__").separator("__");
        builder = builder.add_source(environment.try_parsing(true));
    }
    if !layers.overrides.is_empty() {
        let text = overrides(&layers.overrides)?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    builder.build().map_err(one)
}

fn tree(layers: &Layers) -> Result<config::Map<String, config::Value>, ConfigError> {
    built(layers)?.collect().map_err(one)
}

/// Turns `a.b=c` into TOML; a value that is not TOML is text.
fn overrides(pairs: &[String]) -> Result<String, ConfigError> {
    let mut mistakes = Vec::new();
    let mut lines = Vec::new();
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=') else {
            mistakes.push(format!("--set {pair}: must be section.key=value"));
            continue;
        };
        let as_toml = format!("{key} = {value}");
        let as_text = format!("{key} = {}", toml::Value::String(value.to_owned()));
        let parses = |line: &str| toml::from_str::<toml::Table>(line).is_ok();
        match (parses(&as_toml), parses(&as_text)) {
            (true, _) => lines.push(as_toml),
            (false, true) => lines.push(as_text),
            (false, false) => mistakes.push(format!("--set {pair}: the key cannot be read")),
        }
    }
    if mistakes.is_empty() { Ok(lines.join("\n")) } else { Err(ConfigError(mistakes)) }
}

fn one(error: config::ConfigError) -> ConfigError {
    ConfigError(vec![error.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(overrides: &[&str]) -> Result<Config, ConfigError> {
        let overrides = overrides.iter().map(|text| (*text).to_owned()).collect();
        Config::load(&Layers { overrides, ..Layers::default() })
    }

    #[test]
    fn defaults_are_usable_and_overrides_win() {
        let config = load(&["bus.prefix=test", "database.max_connections=3", "roles=[\"gateway\"]"]).unwrap();
        assert_eq!((config.bus.prefix.as_str(), config.database.max_connections), ("test", 3));
        assert_eq!(config.roles, ["gateway"]);
        assert_eq!(config.database_of("order").url, "sqlite://./data/order.db");
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let error = load(&["bus.kind=carrier-pigeon", "database.max_connection=3", "shutdown_ms=\"soon\""])
            .unwrap_err();
        let text = error.to_string();
        for part in ["database.max_connection", "shutdown_ms"] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        let error =
            load(&["bus.kind=pigeon", "roles=[\"nobody\"]", "telemetry.format=xml"]).unwrap_err().to_string();
        for part in ["bus.kind", "roles", "telemetry.format"] {
            assert!(error.contains(part), "{part} is missing in {error}");
        }
    }

    #[test]
    fn production_refuses_what_is_not_safe() {
        let error = load(&["profile=production"]).unwrap_err().to_string();
        for part in [
            "database.url",
            "bus.kind",
            "mesh.secret",
            "mesh.tls",
            "gateway: production needs tls",
            "crypto.data_secret",
            "hooks.payment",
            "auth",
            "channel_key",
        ] {
            assert!(error.contains(part), "{part} is missing in {error}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let layers = Layers {
            overrides: vec![
                "database.url=postgres://user:hunter2@host/db".to_owned(),
                "bus.prefix=x".to_owned(),
                "role.settlement.channel_key=4815162342".to_owned(),
                "role.sandbox.channel_key=[\"4815162342\"]".to_owned(),
                "mesh.tls.key_file=\"\"".to_owned(),
            ],
            ..Layers::default()
        };
        let text: String = show(&layers).unwrap().iter().map(|shown| format!("{shown}\n")).collect();
        for secret in ["hunter2", "development-mesh-secret", "4815162342"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("bus.prefix = \"x\"") && text.contains("# default"), "{text}");
        assert!(text.contains("bus.prefix = \"x\"  # --set"), "{text}");
    }
}
