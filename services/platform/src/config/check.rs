//! What makes a configuration unusable.

use config::{FileFormat, Map, Source as _, Value, ValueKind};

use super::{Config, DEFAULTS};

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
];

/// Sections whose keys are names chosen by the operator, or are checked by their owner.
const OPEN: &[&str] = &["mesh.listen", "mesh.peers", "role", "gateway"];

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
    let database = &config.database.url;
    let known = ["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| database.starts_with(scheme));
    need(known, "database.url: must begin with sqlite: or postgres:");
    need(
        database.contains("{role}"),
        "database.url: must contain {role}, every service has a database of its own",
    );
    need(config.database.max_connections > 0, "database.max_connections: must be at least 1");
    need(config.crypto.data_secret.len() >= 32, "crypto.data_secret: must have at least 32 characters");
    if config.is_production() {
        production(config, &mut need);
    }
    mistakes
}

fn production(config: &Config, need: &mut impl FnMut(bool, &str)) {
    let fresh = |value: &str| !value.contains("liufang-dev");
    need(!config.database.url.starts_with("sqlite:"), "database.url: production needs PostgreSQL");
    need(config.bus.kind == "redis", "bus.kind: production needs redis");
    need(fresh(&config.mesh.secret), "mesh.secret: production needs a secret of its own");
    need(fresh(&config.crypto.data_secret), "crypto.data_secret: production needs a secret of its own");
    let keyed = !config.auth.signing_key_file.is_empty() || !config.auth.verify_keys.is_empty();
    need(keyed, "auth: production needs signing_key_file (identity) or verify_keys");
    need(!config.roles.iter().any(|role| role == "sandbox"), "roles: production refuses the sandbox role");
    for (name, place) in &config.hooks {
        need(place != "sandbox", &format!("hooks.{name}: production needs a real provider, not the sandbox"));
    }
    for (role, section) in &config.role {
        for (key, value) in section {
            let default = value.as_str().is_some_and(|text| !fresh(text));
            need(
                !default || role == "sandbox",
                &format!("role.{role}.{key}: production needs a secret of its own"),
            );
        }
    }
}
