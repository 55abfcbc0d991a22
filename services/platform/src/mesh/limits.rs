//! What one process may ask of one peer: calls at once, retries, and a breaker for a peer that is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::Semaphore;
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::metrics;

/// For how long after its last failure a broken peer is told of: nobody knows how a peer is that nobody asks any more.
const TOLD: Duration = Duration::from_secs(60);

/// Section `[mesh.client]`. The meaning of every key is in `deploy/config/default.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ClientLimits {
    pub call_budget_ms: u64,
    pub connect_timeout_ms: u64,
    pub max_in_flight: usize,
    pub attempts: u32,
    pub first_pause_ms: u64,
    pub retry_percent: u8,
    pub retries_per_second: u32,
    pub breaker_failures: u32,
    pub breaker_pause_ms: u64,
}

impl Default for ClientLimits {
    fn default() -> ClientLimits {
        ClientLimits {
            call_budget_ms: 5_000,
            connect_timeout_ms: 2_000,
            max_in_flight: 512,
            attempts: 3,
            first_pause_ms: 20,
            retry_percent: 20,
            retries_per_second: 10,
            breaker_failures: 16,
            breaker_pause_ms: 500,
        }
    }
}

impl ClientLimits {
    /// What is wrong, one line each.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        let rules = [
            (0 < self.call_budget_ms, "call_budget_ms: must be at least 1"),
            (0 < self.connect_timeout_ms, "connect_timeout_ms: must be at least 1"),
            ((1..=1_000_000).contains(&self.max_in_flight), "max_in_flight: must be from 1 to 1000000"),
            ((1..=10).contains(&self.attempts), "attempts: must be from 1 to 10"),
            (self.retry_percent <= 100, "retry_percent: must be from 0 to 100"),
            (self.retries_per_second <= 10_000, "retries_per_second: must be at most 10000"),
            (0 < self.breaker_failures, "breaker_failures: must be at least 1"),
        ];
        let broken = rules.into_iter().filter(|(ok, _)| !ok);
        broken.map(|(_, text)| format!("mesh.client.{text}")).collect()
    }
}

/// The shared state of every peer.
pub(super) struct Limits {
    pub limits: ClientLimits,
    peers: Mutex<HashMap<String, Known>>,
}

struct Known {
    state: Arc<PeerState>,
    /// Roles of this process that have asked for the peer.
    callers: Vec<Arc<str>>,
}

impl Limits {
    pub fn new(limits: ClientLimits) -> Limits {
        Limits { limits, peers: Mutex::default() }
    }

    /// The state of `peer`, which all roles of the process share. The first time that `caller` asks, the metrics hear of the two.
    pub fn of(&self, caller: &Arc<str>, peer: &str) -> Arc<PeerState> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = peers
            .entry(peer.to_owned())
            .or_insert_with(|| Known { state: Arc::new(PeerState::new(&self.limits)), callers: Vec::new() });
        if !known.callers.contains(caller) {
            known.callers.push(caller.clone());
            let state = Arc::downgrade(&known.state);
            metrics::peer(caller, peer, move || Some(state.upgrade()?.is_broken(Instant::now())));
        }
        known.state.clone()
    }
}

pub(super) struct PeerState {
    pub in_flight: Semaphore,
    budget: TpsBudget,
    breaker: Mutex<Breaker>,
    break_after: u32,
    break_for: Duration,
}

#[derive(Default)]
struct Breaker {
    failures: u32,
    last_failure: Option<Instant>,
}

impl Breaker {
    fn failed_within(&self, times: u32, past: Duration, now: Instant) -> bool {
        let recently = |at| now.saturating_duration_since(at) < past;
        self.failures >= times && self.last_failure.is_some_and(recently)
    }
}

impl PeerState {
    #[expect(clippy::float_arithmetic, reason = "the library's unit; no amount")]
    fn new(limits: &ClientLimits) -> PeerState {
        let share = f32::from(limits.retry_percent) * 0.01;
        PeerState {
            in_flight: Semaphore::new(limits.max_in_flight),
            budget: TpsBudget::new(Duration::from_secs(10), limits.retries_per_second, share),
            breaker: Mutex::default(),
            break_after: limits.breaker_failures,
            break_for: Duration::from_millis(limits.breaker_pause_ms),
        }
    }

    /// Whether nothing may be sent now.
    pub fn is_open(&self) -> bool {
        self.breaker().failed_within(self.break_after, self.break_for, Instant::now())
    }

    /// Whether the peer was broken when it was last asked, and that is not long ago. Stays through the moments in which
    /// the breaker lets calls try again.
    fn is_broken(&self, now: Instant) -> bool {
        self.breaker().failed_within(self.break_after, TOLD.max(self.break_for), now)
    }

    /// Takes one try of a call into account.
    pub fn note(&self, failed: bool) {
        let mut breaker = self.breaker();
        breaker.failures = if failed { breaker.failures.saturating_add(1) } else { 0 };
        breaker.last_failure = failed.then(Instant::now);
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call that needed no further try makes room for a share of a retry.
    pub fn deposit(&self) {
        self.budget.deposit();
    }

    /// Whether there is room for one retry.
    pub fn withdraw(&self) -> bool {
        self.budget.withdraw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Layers};

    #[test]
    fn the_documented_defaults_are_the_real_ones() {
        let config = Config::load(&Layers::default()).unwrap();
        assert_eq!(config.mesh.client, ClientLimits::default());
        assert!(ClientLimits::default().mistakes().is_empty());
    }

    #[test]
    fn the_breaker_opens_after_failures_in_a_row() {
        let limits =
            ClientLimits { breaker_failures: 2, breaker_pause_ms: 60_000, ..ClientLimits::default() };
        let state = PeerState::new(&limits);
        for failed in [true, false, true] {
            state.note(failed);
            assert!(!state.is_open());
        }
        state.note(true);
        assert!(state.is_open());
    }

    #[test]
    fn a_broken_peer_is_told_of_until_it_answers_or_nobody_asks_any_more() {
        let limits = ClientLimits { breaker_failures: 2, breaker_pause_ms: 0, ..ClientLimits::default() };
        let state = PeerState::new(&limits);
        state.note(true);
        assert!(!state.is_broken(Instant::now()));
        state.note(true);
        // between its tries the breaker is closed for a moment
        assert!(!state.is_open() && state.is_broken(Instant::now()));
        assert!(!state.is_broken(Instant::now() + TOLD));
        state.note(true);
        assert!(state.is_broken(Instant::now()));
        state.note(false);
        assert!(!state.is_broken(Instant::now()));
    }
}
