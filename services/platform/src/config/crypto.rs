//! Which secrets seal and which key the indexes.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::cipher::{DataKeys, KeyVersion};

/// A secret of fewer characters is refused everywhere.
const LEAST: usize = 32;

/// `[crypto]`. `data_secret` is version 1; versions from 2 on are in `data_keys`.
#[derive(Clone, Deserialize)]
pub struct Crypto {
    /// Empty once version 1 is dropped.
    pub data_secret: String,
    /// By version.
    pub data_keys: BTreeMap<String, String>,
    /// The version that seals; 0: the highest.
    pub data_version: KeyVersion,
    /// Empty: `data_secret`.
    pub blind_secret: String,
    /// Long texts are packed before they are sealed.
    pub pack: bool,
}

impl fmt::Debug for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crypto").field("data_version", &self.data_version).finish_non_exhaustive()
    }
}

impl Crypto {
    /// The keys of the cipher. Whatever [`Crypto::mistakes`] found is not looked at again.
    pub fn keys(&self) -> DataKeys {
        let secrets = self.secrets();
        let highest = secrets.keys().copied().max().unwrap_or(1);
        let present = if self.data_version == 0 { highest } else { self.data_version };
        DataKeys { present, secrets, blind: self.blind().to_owned(), pack: self.pack }
    }

    fn secrets(&self) -> BTreeMap<KeyVersion, String> {
        let first = (!self.data_secret.is_empty()).then(|| (1, self.data_secret.clone()));
        let more =
            self.data_keys.iter().filter_map(|(version, secret)| Some((number(version)?, secret.clone())));
        first.into_iter().chain(more).collect()
    }

    fn blind(&self) -> &str {
        if self.blind_secret.is_empty() { &self.data_secret } else { &self.blind_secret }
    }

    /// Every secret with the name of its setting.
    pub(super) fn named(&self) -> Vec<(String, &str)> {
        let first = (!self.data_secret.is_empty() || self.data_keys.is_empty())
            .then(|| ("crypto.data_secret".to_owned(), self.data_secret.as_str()));
        let more = self
            .data_keys
            .iter()
            .map(|(version, secret)| (format!("crypto.data_keys.{version}"), secret.as_str()));
        let blind = (!self.blind_secret.is_empty())
            .then(|| ("crypto.blind_secret".to_owned(), self.blind_secret.as_str()));
        first.into_iter().chain(more).chain(blind).collect()
    }

    /// What does not fit together. No secret is in the text.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, secret) in self.named() {
            if secret.len() < LEAST {
                found.push(format!("{name}: must have at least {LEAST} characters"));
            }
        }
        for version in self.data_keys.keys().filter(|version| number(version).is_none()) {
            found.push(format!(
                "crypto.data_keys.{version}: versions are whole numbers from 2; 1 is data_secret"
            ));
        }
        let mut seen = BTreeMap::new();
        for (name, secret) in self.named().into_iter().filter(|(name, _)| name != "crypto.blind_secret") {
            if let Some(first) = seen.insert(secret, name.clone()) {
                found.push(format!("{name}: is the same secret as {first}"));
            }
        }
        if self.data_version != 0 && !self.secrets().contains_key(&self.data_version) {
            found.push(format!("crypto.data_version: there is no key of version {}", self.data_version));
        }
        if self.blind().is_empty() {
            found.push(
                "crypto.blind_secret: needed without data_secret: what data_secret was, or nobody is found again"
                    .to_owned(),
            );
        }
        found
    }
}

/// A version of `data_keys`, as operators write it.
fn number(version: &str) -> Option<KeyVersion> {
    let number: KeyVersion = version.parse().ok()?;
    (2 <= number && number.to_string() == version).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Layers, show};

    fn load(settings: &[&str]) -> Result<Config, Vec<String>> {
        Config::load(&layers(settings)).map_err(|error| error.0)
    }

    fn layers(settings: &[&str]) -> Layers {
        Layers { overrides: settings.iter().map(|text| (*text).to_owned()).collect(), ..Layers::default() }
    }

    const SECOND: &str = "crypto.data_keys.2=\"swordfish-2-of-at-least-32-characters\"";
    const BLIND: &str = "crypto.blind_secret=\"swordfish-9-of-at-least-32-characters\"";

    #[test]
    fn one_secret_is_version_one_and_a_newer_key_seals() {
        let keys = load(&[]).unwrap().crypto.keys();
        assert_eq!((keys.present, keys.secrets.len()), (1, 1));
        assert_eq!(keys.secrets.get(&1), Some(&keys.blind));
        let two = load(&[SECOND]).unwrap().crypto.keys();
        assert_eq!((two.present, two.secrets.len()), (2, 2));
        assert_eq!(two.blind, keys.blind, "the indexes stay");
        let waiting = load(&[SECOND, "crypto.data_version=1"]).unwrap().crypto.keys();
        assert_eq!((waiting.present, waiting.secrets.len()), (1, 2));
        let dropped = load(&[SECOND, BLIND, "crypto.data_secret=\"\""]).unwrap().crypto.keys();
        assert_eq!((dropped.present, dropped.secrets.len()), (2, 1));
    }

    #[test]
    fn keys_that_do_not_fit_are_named() {
        let says = |settings: &[&str], part: &str| {
            let said = load(settings).unwrap_err().join("\n");
            assert!(said.contains(part), "{part} is missing in {said}");
            assert!(!said.contains("swordfish"), "a secret in {said}");
        };
        says(&["crypto.data_secret=\"\""], "crypto.data_secret: must have at least 32");
        says(&["crypto.data_keys.2=short"], "crypto.data_keys.2: must have at least 32");
        says(&["crypto.data_keys.2=4815162342"], "crypto.data_keys.2: must be text");
        for version in ["0", "1", "02", "two"] {
            let setting = SECOND.replace(".2=", &format!(".{version}="));
            says(&[&setting], &format!("crypto.data_keys.{version}: versions are whole numbers"));
        }
        says(
            &[SECOND, &SECOND.replace(".2=", ".3=")],
            "crypto.data_keys.3: is the same secret as crypto.data_keys.2",
        );
        says(&["crypto.data_version=2"], "crypto.data_version: there is no key of version 2");
        says(&[SECOND, "crypto.data_secret=\"\""], "crypto.blind_secret: needed without data_secret");
    }

    #[test]
    fn production_wants_every_key_to_be_its_own() {
        let production = ["profile=production", "roles=[\"order\"]"];
        let said = |setting: &str| {
            let mut settings = production.to_vec();
            settings.push(setting);
            load(&settings).unwrap_err()
        };
        let shipped = "crypto.data_keys.2=\"liufang-dev-but-longer-than-32-characters\"";
        let own = |said: Vec<String>, key: &str| {
            said.contains(&format!("{key}: production needs a secret of its own"))
        };
        assert!(own(said(shipped), "crypto.data_keys.2"));
        assert!(own(
            said("crypto.blind_secret=\"                                 \""),
            "crypto.blind_secret"
        ));
        assert!(!own(said(SECOND), "crypto.data_keys.2"));
    }

    #[test]
    fn no_key_is_shown() {
        let shown: String =
            show(&layers(&[SECOND, BLIND])).unwrap().iter().map(|row| format!("{row}\n")).collect();
        assert!(!shown.contains("swordfish"), "{shown}");
        assert!(shown.contains("crypto.data_keys.2 = ***"), "{shown}");
    }
}
