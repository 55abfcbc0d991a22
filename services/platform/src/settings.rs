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

    /// The value under `key`, or `default` when the section has none.
    ///
    /// Every setting of a role is in `deploy/config/default.toml`, and `Config::load` refuses a value of another kind than
    /// the one there, together with all other mistakes. So `default` is for sections that no configuration made (tests).
    ///
    /// # Panics
    /// When `T` is of another kind than the documented default: a mistake in the program, and no reason to go on with a
    /// value nobody chose.
    pub fn get<T: DeserializeOwned>(&self, key: &str, default: T) -> T {
        let Some(value) = self.0.get(key) else { return default };
        match T::deserialize(value) {
            Ok(value) => value,
            // not its own words: they could quote a secret
            Err(_) => panic!("setting `{key}` is not of the kind that {} has", std::any::type_name::<T>()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Layers};

    fn section(role: &str, setting: &str) -> Settings {
        let layers = Layers { overrides: vec![setting.to_owned()], ..Layers::default() };
        Settings::new(Config::load(&layers).unwrap().role.remove(role).unwrap_or_default())
    }

    #[test]
    fn what_was_chosen_is_what_is_read() {
        let order = section("order", "role.order.dispense_seconds=60");
        assert_eq!(order.get("dispense_seconds", 0), 60);
        assert_eq!(Settings::default().get("dispense_seconds", 3), 3, "no section");
        let key = section("settlement", "role.settlement.channel_key=\"4815162342\"");
        assert_eq!(key.get("channel_key", String::new()), "4815162342");
    }

    #[test]
    #[should_panic(expected = "setting `channel_key`")]
    fn another_kind_is_never_the_default() {
        let section = serde_json::json!({ "channel_key": 4_815_162_342_i64 });
        let settings = Settings::new(section.as_object().cloned().unwrap_or_default());
        settings.get("channel_key", "default".to_owned());
    }
}
