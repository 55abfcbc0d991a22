//! `liufang config`: the effective values, each with its source, secrets hidden.

use std::fmt;

use config::{Map, Value, ValueKind};

use super::secrets::{is_secret, is_vault};

/// One effective setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub path: String,
    pub value: String,
    pub source: String,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}  # {}", self.path, self.value, self.source)
    }
}

/// `set` are the keys given with `--set`.
pub(super) fn flatten(tree: &Map<String, Value>, set: &[&str]) -> Vec<Shown> {
    let mut rows = Vec::new();
    walk("", tree, &mut rows);
    for row in &mut rows {
        if set.iter().any(|key| row.path == *key || row.path.starts_with(&format!("{key}."))) {
            row.source = "--set".to_owned();
        }
    }
    rows.sort_by(|a, b| a.path.cmp(&b.path));
    rows
}

fn walk(prefix: &str, tree: &Map<String, Value>, rows: &mut Vec<Shown>) {
    for (key, value) in tree {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if let ValueKind::Table(inner) = &value.kind {
            walk(&path, inner, rows);
            continue;
        }
        let source = value.origin().map_or_else(|| "default".to_owned(), str::to_owned);
        let value = if is_vault(prefix) { "***".to_owned() } else { text(key, &value.kind) };
        rows.push(Shown { value, path, source });
    }
}

fn text(key: &str, value: &ValueKind) -> String {
    match value {
        // an empty one hides nothing, and is worth seeing
        ValueKind::String(text) if text.is_empty() => "\"\"".to_owned(),
        _ if is_secret(key) => "***".to_owned(),
        ValueKind::String(text) => format!("{:?}", without_password(text)),
        ValueKind::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| text_of_item(key, item)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

fn text_of_item(key: &str, item: &Value) -> String {
    text(key, &item.kind)
}

/// `postgres://user:password@host` → `postgres://user:***@host`.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let Some((login, host)) = rest.rsplit_once('@') else { return text.to_owned() };
    let user = login.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:***@{host}")
}
