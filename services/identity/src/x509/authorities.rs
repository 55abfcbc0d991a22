//! The authorities this installation trusts, from its configuration, and what their certificates lead to.
//!
//! Trust is never given by a call: whoever may call could make themselves trusted. A root comes from a file, authorities
//! between it and a signer from the same files or with the signer's certificate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use liufang_platform::Settings;
use liufang_platform::hash::sha256_hex;

use super::list::List;
use super::path::Trust;
use super::read::Parsed;
use crate::demo;
use crate::domain::authority::{Broken, Path, StaleRule};

/// Word that stands for the invented authority of the seed in the place of a file.
pub const DEMO: &str = "demo";
/// Answers that are kept; then all of them are forgotten.
const KEPT: usize = 10_000;

type Answers = HashMap<String, Result<Arc<Vec<Path>>, Broken>>;

/// Who is trusted; cheap to clone.
#[derive(Clone, Default)]
pub struct Authorities(Arc<Inner>);

#[derive(Default)]
struct Inner {
    roots: Vec<Parsed>,
    between: Vec<Parsed>,
    /// Everything is taken as it was registered: `unchecked_certificates`.
    unchecked: bool,
    /// Who has no certificate signs with the registered key: `uncertified_keys`.
    uncertified: bool,
    refuses_stale: bool,
    answers: Mutex<Answers>,
}

impl Authorities {
    /// Reads the files of the role's settings.
    ///
    /// # Errors
    /// What is wrong with which file, all of it.
    pub fn load(settings: &Settings) -> Result<Authorities, Vec<String>> {
        let names = settings.get("authorities", vec![DEMO.to_owned()]);
        let rule = settings.get("stale_revocation_lists", "warn".to_owned());
        let mut inner = Inner {
            unchecked: settings.get("unchecked_certificates", false),
            uncertified: settings.get("uncertified_keys", false),
            refuses_stale: rule == "refuse",
            ..Inner::default()
        };
        let mut mistakes = Vec::new();
        for name in &names {
            let found = match name.as_str() {
                DEMO => Ok(vec![demo::root()]),
                file => read(file),
            };
            match found
                .and_then(|found| found.iter().map(|der| authority(der)).collect::<Result<Vec<_>, _>>())
            {
                Ok(found) => found.into_iter().for_each(|own| inner.add(own)),
                Err(mistake) => mistakes.push(format!("role.identity.authorities: {name}: {mistake}")),
            }
        }
        if !names.is_empty() && inner.roots.is_empty() && mistakes.is_empty() {
            let text = "role.identity.authorities: no root among them: one that has signed itself";
            mistakes.push(text.to_owned());
        }
        if !["warn", "refuse"].contains(&rule.as_str()) {
            mistakes.push("role.identity.stale_revocation_lists: must be warn or refuse".to_owned());
        }
        if mistakes.is_empty() { Ok(Authorities(Arc::new(inner))) } else { Err(mistakes) }
    }

    /// Whether anything is checked at all.
    pub fn checks(&self) -> bool {
        !self.0.unchecked
    }

    /// Whether a key that no certificate vouches for signs nothing.
    pub fn vouch_for_all(&self) -> bool {
        self.checks() && !self.0.uncertified
    }

    pub fn rule(&self) -> StaleRule {
        if self.0.refuses_stale { StaleRule::Refuse } else { StaleRule::Warn }
    }

    /// Roots, then those between.
    pub fn all(&self) -> impl Iterator<Item = (&Parsed, bool)> {
        let between = self.0.between.iter().map(|own| (own, false));
        self.0.roots.iter().map(|own| (own, true)).chain(between)
    }

    /// The paths of a signer's certificate; `given` are authorities that came with it.
    pub fn paths(&self, signer: &Parsed, given: &[Parsed]) -> Result<Arc<Vec<Path>>, Broken> {
        let named = given.iter().map(|own| own.fingerprint.as_str());
        let all: Vec<&str> = [signer.fingerprint.as_str()].into_iter().chain(named).collect();
        let key = sha256_hex(all.join(" ").as_bytes());
        if let Some(known) = self.answers().get(&key) {
            return known.clone();
        }
        let between: Vec<Parsed> = self.0.between.iter().chain(given).cloned().collect();
        let answer = Trust { roots: &self.0.roots, between: &between }.paths(signer).map(Arc::new);
        let mut answers = self.answers();
        if KEPT <= answers.len() {
            answers.clear();
        }
        answers.insert(key, answer.clone());
        answer
    }

    /// The configured authority that issued a list, and how it is trusted.
    pub fn issuer_of(&self, list: &List) -> Result<(&Parsed, Vec<Path>), Broken> {
        let mut broken = Broken::UnknownIssuer;
        for (own, _) in self.all().filter(|(own, _)| own.subject == list.issuer) {
            let trust = Trust { roots: &self.0.roots, between: &self.0.between };
            let checked = if !own.usage.signs_lists || own.usage.strange {
                Err(Broken::Usage)
            } else if !list.signed.by(&own.key) {
                Err(Broken::Signature)
            } else {
                trust.paths_of_authority(own)
            };
            match checked {
                Ok(paths) => return Ok((own, paths)),
                Err(problem) => broken = problem,
            }
        }
        Err(broken)
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, Answers> {
        // nothing is changed by halves, so a panic elsewhere leaves it whole
        self.0.answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inner {
    /// A root has signed itself; everybody else stands between.
    fn add(&mut self, own: Parsed) {
        let root = own.subject == own.issuer && own.signed.by(&own.key);
        if root { self.roots.push(own) } else { self.between.push(own) }
    }
}

fn read(file: &str) -> Result<Vec<Vec<u8>>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let found = super::pem_certificates(&text).unwrap_or_default();
    if found.is_empty() { Err("has no certificate in PEM".to_owned()) } else { Ok(found) }
}

fn authority(der: &[u8]) -> Result<Parsed, String> {
    let own = Parsed::read(der).map_err(|problem| format!("a certificate {problem}"))?;
    if !own.usage.authority {
        return Err("a certificate is not of an authority (basicConstraints)".to_owned());
    }
    Ok(own)
}
