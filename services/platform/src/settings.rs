//! A role's own section of the configuration.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Settings of one role, for example `[role.settlement]`.
#[derive(Clone, Debug, Default)]
pub struct Settings(serde_json::Map<String, Value>);

impl Settings {
    pub fn new(section: serde_json::Map<String, Value>) -> Settings {
        Settings(section)
    }

    /// The value under `key`, or `default` when it is absent or of another type.
    ///
    /// A wrong type is a configuration mistake; [`crate::settings`] leaves finding it to the start-up check, which lists
    /// all of them.
    pub fn get<T: DeserializeOwned>(&self, key: &str, default: T) -> T {
        self.0.get(key).and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or(default)
    }
}
