//! WeChat Pay's keys: those we were given, and those of its certificates (平台证书) where they are fetched.
//!
//! Certificates are fetched when a signature names one we have not, and twice a day. One fetch at a time; what fails takes
//! nothing away.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use liufang_kernel::Timestamp;
use liufang_platform::rsa::{Certified, Verifier};
use tokio::sync::{Mutex, MutexGuard};

/// By serial.
pub type Certificates = BTreeMap<String, Certified>;

/// WeChat Pay asks merchants to look at least this often.
const OLD_S: i64 = 43_200;
/// Between two tries: whoever brings us strange serials does not make us ask more often.
const PAUSE_S: i64 = 10;

/// When certificates were fetched, and when that was tried; 1970 for never.
#[derive(Default)]
pub struct Turn {
    done: Timestamp,
    tried: Timestamp,
}

/// The channel's keys.
pub struct Platform {
    given: BTreeMap<String, Verifier>,
    fetched: RwLock<Certificates>,
    /// None: certificates are not fetched.
    turn: Option<Mutex<Turn>>,
}

impl Platform {
    /// `given` are keys by serial or key id: several while they change.
    pub fn new(given: BTreeMap<String, Verifier>, fetches: bool) -> Platform {
        Platform { given, fetched: RwLock::default(), turn: fetches.then(Mutex::default) }
    }

    /// The key of a serial; none for one that is unknown or not valid now.
    pub fn key(&self, serial: &str, now: Timestamp) -> Option<Verifier> {
        if let Some(key) = self.given.get(serial) {
            return Some(key.clone());
        }
        let fetched = self.fetched.read().unwrap_or_else(PoisonError::into_inner);
        fetched.get(serial).filter(|certificate| certificate.is_valid(now)).map(|found| found.key.clone())
    }

    /// Whether certificates are to be fetched for this serial, by whoever gets the turn.
    pub async fn due(&self, serial: &str, now: Timestamp) -> Option<MutexGuard<'_, Turn>> {
        let turn = self.turn.as_ref().filter(|_| !self.given.contains_key(serial))?;
        let mut turn = match self.key(serial, now) {
            // who has a key need not wait for somebody who fetches
            Some(_) => turn.try_lock().ok()?,
            None => turn.lock().await,
        };
        let is_old = turn.done.plus_seconds(OLD_S) <= now;
        // another may have fetched it meanwhile
        let is_needed = is_old || self.key(serial, now).is_none();
        if !is_needed || now < turn.tried.plus_seconds(PAUSE_S) {
            return None;
        }
        turn.tried = now;
        Some(turn)
    }

    /// Takes what was fetched.
    pub fn take(&self, mut turn: MutexGuard<'_, Turn>, fetched: Certificates) {
        turn.done = turn.tried;
        *self.fetched.write().unwrap_or_else(PoisonError::into_inner) = fetched;
    }
}
