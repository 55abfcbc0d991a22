//! What makes a configuration unusable.

use config::{FileFormat, Map, Source as _, Value, ValueKind};

use super::{Config, DEFAULTS, GatewayTls, hooks, secrets, servers};
use crate::db::inbox;
use crate::mesh;

/// Every role a process can have.
pub const ROLES: &[&str] = &[
    "gateway",
    "identity",
    "prescription",
    "inventory",
    "settlement",
    "order",
    "dispatch",
    "supervision",
    "sandbox",
    "channels",
];

/// Sections whose keys are names chosen by the operator.
const OPEN: &[&str] = &["mesh.listen", "mesh.peers", "database.urls", "hooks", KEYS];
/// Among them a section of secrets: digits alone would be read as a number, and not the one that was meant.
const KEYS: &str = "crypto.data_keys";

/// Unknown keys and values of another kind than the default's.
pub(super) fn against_defaults(tree: &Map<String, Value>) -> Vec<String> {
    let defaults = config::File::from_str(DEFAULTS, FileFormat::Toml).collect().unwrap_or_default();
    let mut mistakes = Vec::new();
    compare("", tree, &defaults, &mut mistakes);
    mistakes.sort();
    mistakes
}

fn compare(
    prefix: &str,
    tree: &Map<String, Value>,
    defaults: &Map<String, Value>,
    mistakes: &mut Vec<String>,
) {
    for (key, value) in tree {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if OPEN.contains(&path.as_str()) {
            if path == KEYS {
                only_text(&path, value, mistakes);
            }
            continue;
        }
        match (&value.kind, defaults.get(key).map(|default| &default.kind)) {
            (_, None) => mistakes.push(format!("{path}: no such setting{}", origin(value))),
            (ValueKind::Table(inner), Some(ValueKind::Table(known))) => {
                compare(&path, inner, known, mistakes)
            }
            // 1 is a fraction too
            (ValueKind::I64(_), Some(ValueKind::Float(_))) => {}
            (given, Some(known)) => {
                let (given, known) = (kind(given), kind(known));
                if given != known {
                    mistakes.push(format!("{path}: must be {known}, not {given}{}", origin(value)));
                }
            }
        }
    }
}

fn only_text(path: &str, section: &Value, mistakes: &mut Vec<String>) {
    let ValueKind::Table(inner) = &section.kind else {
        return mistakes.push(format!("{path}: must be a section, not {}", kind(&section.kind)));
    };
    for (key, value) in inner.iter().filter(|(_, value)| !matches!(value.kind, ValueKind::String(_))) {
        mistakes.push(format!("{path}.{key}: must be text, not {}{}", kind(&value.kind), origin(value)));
    }
}

fn origin(value: &Value) -> String {
    value.origin().map(|origin| format!(" ({origin})")).unwrap_or_default()
}

fn kind(value: &ValueKind) -> &'static str {
    match value {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => "a whole number",
        ValueKind::Float(_) => "a fraction",
        ValueKind::String(_) => "text",
        ValueKind::Table(_) => "a section",
        ValueKind::Array(_) => "a list",
    }
}

/// Values that do not fit together, and what production refuses.
pub(super) fn rules(config: &Config) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mut need = |ok: bool, text: &str| {
        if !ok {
            mistakes.push(text.to_owned());
        }
    };
    for role in &config.roles {
        need(ROLES.contains(&role.as_str()), &format!("roles: there is no role `{role}`"));
    }
    for role in config.mesh.listen.keys().chain(config.mesh.peers.keys()) {
        need(ROLES.contains(&role.as_str()), &format!("mesh: there is no role `{role}`"));
    }
    for (role, urls) in &config.mesh.peers {
        if let Err(mistake) = mesh::parse_targets(urls) {
            need(false, &format!("mesh.peers.{role}: {mistake}"));
        }
    }
    hooks::mistakes(config).iter().for_each(|mistake| need(false, mistake));
    mesh_tls(config, &mut need);
    for mistake in GatewayTls::mistakes(config).into_iter().chain(config.mesh.client.mistakes()) {
        need(false, &mistake);
    }
    need(["local", "redis"].contains(&config.bus.kind.as_str()), "bus.kind: must be local or redis");
    need(config.bus.kind != "redis" || !config.bus.url.is_empty(), "bus.url: needed when bus.kind is redis");
    need(
        ["text", "json"].contains(&config.telemetry.format.as_str()),
        "telemetry.format: must be text or json",
    );
    need(
        (0.0..=1.0).contains(&config.telemetry.sample_ratio),
        "telemetry.sample_ratio: must be between 0 and 1",
    );
    need(config.telemetry.gauges_seconds > 0, "telemetry.gauges_seconds: must be at least 1");
    databases(config, &mut need);
    servers::mistakes(config).iter().for_each(|mistake| need(false, mistake));
    need(config.bus.cluster || !config.bus.url.contains(','), "bus.url: several addresses need bus.cluster");
    let kept = 0..=inbox::REPLAY_SECONDS;
    need(
        kept.contains(&config.bus.keep_published_seconds),
        "bus.keep_published_seconds: must be 0 to 1123200; events published again later would no longer be known as old",
    );
    need(
        config.drain_ms < config.shutdown_ms,
        "drain_ms: must be less than shutdown_ms, which is for the drain and the end of calls together",
    );
    config.crypto.mistakes().iter().for_each(|mistake| need(false, mistake));
    if config.is_production() {
        production(config, &mut need);
    }
    mistakes
}

fn mesh_tls(config: &Config, need: &mut impl FnMut(bool, &str)) {
    let files = [&config.mesh.tls.ca_file, &config.mesh.tls.cert_file, &config.mesh.tls.key_file];
    let named = files.iter().filter(|file| !file.is_empty()).count();
    need(named == 0 || named == 3, "mesh.tls: ca_file, cert_file and key_file go together");
    need(0 < config.mesh.tls.reload_seconds, "mesh.tls.reload_seconds: must be at least 1");
    need(0 < config.mesh.resolve_seconds, "mesh.resolve_seconds: must be at least 1");
    for (role, urls) in &config.mesh.peers {
        // what cannot be read was told of already
        let fits = |target: &mesh::Target| target.https == config.has_mesh_tls();
        let fit = mesh::parse_targets(urls).map_or(true, |targets| targets.iter().all(fits));
        need(fit, &format!("mesh.peers.{role}: https:// and mesh.tls go together"));
    }
}

fn databases(config: &Config, need: &mut impl FnMut(bool, &str)) {
    let known =
        |url: &str| ["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme));
    let database = &config.database;
    need(known(&database.url), "database.url: must begin with sqlite: or postgres:");
    need(
        database.url.contains("{role}"),
        "database.url: must contain {role}, every service has a database of its own",
    );
    for (role, url) in &database.urls {
        need(ROLES.contains(&role.as_str()), &format!("database.urls: there is no role `{role}`"));
        need(known(url), &format!("database.urls.{role}: must begin with sqlite: or postgres:"));
        // compared with the databases of all roles, of those without an address of their own too
        let place = |role: &str| place_of(&config.database_of(role).url);
        let others = ROLES.iter().filter(|other| **other != "gateway" && *other != role);
        let twin = others.map(|other| place(other)).any(|other| other == place(role));
        need(!twin, &format!("database.urls.{role}: every service has a database of its own"));
        if config.is_production() {
            need(!url.starts_with("sqlite:"), &format!("database.urls.{role}: production needs PostgreSQL"));
        }
    }
    need(database.max_connections > 0, "database.max_connections: must be at least 1");
}

/// A database without the login: two logins do not make two databases of one.
fn place_of(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let login = authority.rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", rest.get(login..).unwrap_or_default())
}

fn production(config: &Config, need: &mut impl FnMut(bool, &str)) {
    let has = |role: &str| config.roles.is_empty() || config.roles.iter().any(|own| own == role);
    need(!config.database.url.starts_with("sqlite:"), "database.url: production needs PostgreSQL");
    need(
        !config.database.migrate_at_start,
        "database.migrate_at_start: production runs `liufang migrate` before the new version",
    );
    need(!config.admin.listen.is_empty(), "admin.listen: production needs probes, e.g. 0.0.0.0:9090");
    need(config.bus.kind == "redis", "bus.kind: production needs redis");
    secrets::mistakes(config, has).iter().for_each(|mistake| need(false, mistake));
    need(config.has_mesh_tls(), "mesh.tls: production needs ca_file, cert_file and key_file");
    let public = GatewayTls::of(config);
    need(
        !has("gateway") || public.is_on() || public.plaintext_behind_proxy,
        "gateway: production needs tls, or plaintext_behind_proxy = true when a proxy in front has it",
    );
    let keyed = !config.auth.signing_key_file.is_empty() || !config.auth.verify_keys.is_empty();
    need(keyed, "auth: production needs signing_key_file (identity) or verify_keys");
    need(!config.roles.iter().any(|role| role == "sandbox"), "roles: production refuses the sandbox role");
    need(
        !has("identity") || vouched(config),
        "role.identity.authorities: production needs the PEM files of the authorities that signing certificates come from, \
         and never `demo`; or unchecked_certificates = true, and then anybody's certificates are taken",
    );
}

/// Whether signing certificates are checked against authorities that are not invented, or by name not at all.
fn vouched(config: &Config) -> bool {
    let setting = |key: &str| config.role.get("identity").and_then(|section| section.get(key));
    let names =
        setting("authorities").and_then(|names| names.as_array()).map(Vec::as_slice).unwrap_or_default();
    let demo = names.iter().any(|name| name.as_str() == Some("demo"));
    let unchecked = setting("unchecked_certificates").and_then(serde_json::Value::as_bool).unwrap_or(false);
    !demo && (unchecked || !names.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::{ConfigError, Layers};
    use super::*;

    fn load(overrides: &[&str]) -> Result<Config, ConfigError> {
        let overrides = overrides.iter().map(|text| (*text).to_owned()).collect();
        Config::load(&Layers { overrides, ..Layers::default() })
    }

    const FILES: [&str; 3] = ["mesh.tls.ca_file=a", "mesh.tls.cert_file=b", "mesh.tls.key_file=c"];

    #[track_caller]
    fn refuses(overrides: &[&str], parts: &[&str]) {
        let text = load(overrides).unwrap_err().to_string();
        for part in parts {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }

    #[test]
    fn certificates_and_addresses_go_together() {
        refuses(&["mesh.tls.ca_file=a"], &["mesh.tls: ca_file, cert_file and key_file go together"]);
        refuses(&["mesh.peers.order=\"https://order:7000\""], &["mesh.peers.order: https:// and mesh.tls"]);
        let plain = "mesh.peers.order=\"http://order:7000\"";
        refuses(&[&FILES[..], &[plain]].concat(), &["mesh.peers.order: https:// and mesh.tls"]);
        assert!(load(&[plain]).is_ok());
        let two = "mesh.peers.order=\"https://10.0.0.1:7000,https://10.0.0.2:7000\"";
        assert!(load(&[&FILES[..], &[two]].concat()).is_ok());
        refuses(
            &["mesh.peers.order=\"order:7000\"", "hooks.payment=\"ftp://bank\""],
            &["mesh.peers.order", "hooks.payment"],
        );
    }

    #[test]
    fn the_public_port_is_described_without_contradiction() {
        refuses(&["gateway.tls.cert_file=a"], &["gateway.tls: cert_file and key_file go together"]);
        refuses(
            &["gateway.tls.cert_file=a", "gateway.tls.key_file=b", "gateway.plaintext_behind_proxy=true"],
            &["exclude each other"],
        );
        refuses(&["gateway.tls.ca_file=a"], &["gateway.tls.ca_file: no such setting"]);
        refuses(&["mesh.client.attempts=0"], &["mesh.client.attempts"]);
    }

    #[test]
    fn production_wants_certificates_and_may_do_without_a_secret() {
        let text = load(&[&["profile=production", "mesh.secret=\"\""], &FILES[..]].concat()).unwrap_err();
        let text = text.to_string();
        assert!(!text.contains("mesh.secret") && !text.contains("mesh.tls"), "{text}");
        let proxied = ["profile=production", "gateway.plaintext_behind_proxy=true"];
        assert!(!load(&proxied).unwrap_err().to_string().contains("gateway: production"));
        let outside = load(&["profile=production", "hooks.payment=\"http://bank\""]).unwrap_err().to_string();
        assert!(outside.contains("hooks.payment: production needs https://"), "{outside}");
    }

    #[test]
    fn production_trusts_no_invented_authority() {
        let gate = "role.identity.authorities: production needs";
        let said = |settings: &[&str]| {
            load(&[&["profile=production"], settings].concat()).unwrap_err().to_string().contains(gate)
        };
        assert!(said(&[]), "demo is the default");
        assert!(said(&["role.identity.authorities=[]"]));
        assert!(said(&["role.identity.authorities=[\"/ca.pem\", \"demo\"]"]));
        assert!(said(&["role.identity.unchecked_certificates=true"]), "demo is never trusted");
        assert!(!said(&["role.identity.authorities=[\"/ca.pem\"]"]));
        assert!(!said(&["role.identity.authorities=[]", "role.identity.unchecked_certificates=true"]));
        assert!(!said(&["roles=[\"order\"]"]), "who has no identity does not need them");
    }

    #[test]
    fn kinds_are_compared_in_sections_of_roles_too() {
        refuses(
            &[
                "role.settlement.channel_key=4815162342",
                "role.order.dispense_seconds=\"soon\"",
                "gateway.listen=80",
            ],
            &[
                "role.settlement.channel_key: must be text, not a whole number",
                "role.order.dispense_seconds: must be a whole number, not text",
                "gateway.listen: must be text",
            ],
        );
        refuses(&["role.settlement.chanel_key=x"], &["role.settlement.chanel_key: no such setting"]);
        assert!(load(&["gateway.burst=7"]).is_ok(), "a setting of the gateway");
    }

    #[test]
    fn two_services_never_share_a_database() {
        let twins = "every service has a database of its own";
        refuses(&["database.urls.order=\"sqlite://./data/settlement.db\""], &["database.urls.order", twins]);
        let url = "database.url=\"postgres://l_{role}@pg/liufang_{role}\"";
        let order = |place: &str| format!("database.urls.order=\"postgres://{place}\"");
        refuses(&[url, &order("o:p%40w@pg/liufang_settlement")], &["database.urls.order", twins]);
        assert!(load(&[url, &order("o:p@pg/liufang_order")]).is_ok());
        assert!(load(&[url, &order("o:p@other/liufang_settlement")]).is_ok());
    }
}
