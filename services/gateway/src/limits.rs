//! How much one caller, and all callers together, may ask for. Owns token buckets and the count of calls in work.
//! Invariant: memory is bounded by `max_callers`, whoever calls.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::GatewayConfig;
use crate::error::GatewayError;

/// Buckets looked at between two clean-ups.
const SWEEP_EVERY: u64 = 1_024;
/// Buckets that callers share once there are too many of them.
const SHARED: u64 = 4_096;

/// One token bucket per caller.
struct Buckets {
    limiter: DefaultKeyedRateLimiter<u64>,
    clock: DefaultClock,
    max_callers: usize,
    checks: AtomicU64,
    crowded: AtomicBool,
}

impl Buckets {
    /// `None` when either number is zero: no limit.
    fn new(quota: Option<Quota>, max_callers: usize) -> Option<Buckets> {
        Some(Buckets {
            limiter: RateLimiter::keyed(quota?),
            clock: DefaultClock::default(),
            max_callers,
            checks: AtomicU64::new(0),
            crowded: AtomicBool::new(false),
        })
    }

    fn take(&self, caller: u64) -> Result<(), GatewayError> {
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY) {
            self.sweep();
        }
        let crowded = self.crowded.load(Ordering::Relaxed);
        let key = if crowded { caller % SHARED } else { caller };
        self.limiter.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            let retry_after_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            GatewayError::RateLimited { retry_after_ms }
        })
    }

    fn sweep(&self) {
        if self.limiter.len() > self.max_callers / 2 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.crowded.store(self.limiter.len() > self.max_callers, Ordering::Relaxed);
    }
}

/// All limits of the door.
pub(crate) struct Limits {
    callers: Option<Buckets>,
    methods: HashMap<String, Buckets>,
    unary: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    hasher: RandomState,
}

impl Limits {
    pub fn new(config: &GatewayConfig) -> Limits {
        let per_second = quota(config.per_caller_per_second, config.burst, Quota::per_second);
        let methods = config.method_limits.iter().filter_map(|limit| {
            let quota = quota(limit.per_caller_per_minute, limit.burst, Quota::per_minute);
            Some((limit.method.clone(), Buckets::new(quota, config.max_callers)?))
        });
        Limits {
            callers: Buckets::new(per_second, config.max_callers),
            methods: methods.collect(),
            unary: Arc::new(Semaphore::new(config.max_in_flight.min(Semaphore::MAX_PERMITS))),
            streams: Arc::new(Semaphore::new(config.max_streams.min(Semaphore::MAX_PERMITS))),
            hasher: RandomState::new(),
        }
    }

    /// Takes one call out of the caller's bucket. `identity` is only hashed, never kept.
    pub fn take_call(&self, identity: &str) -> Result<(), GatewayError> {
        match &self.callers {
            Some(buckets) => buckets.take(self.hasher.hash_one(identity)),
            None => Ok(()),
        }
    }

    /// The same for the method's own limit, if it has one.
    pub fn take_method(&self, method: &str, identity: &str) -> Result<(), GatewayError> {
        match self.methods.get(method) {
            Some(buckets) => buckets.take(self.hasher.hash_one(identity)),
            None => Ok(()),
        }
    }

    /// A place among the calls in work, held until dropped. Never waits: a queue in front of a full house only ages.
    pub fn enter(&self, streaming: bool) -> Result<OwnedSemaphorePermit, GatewayError> {
        let places = if streaming { &self.streams } else { &self.unary };
        places.clone().try_acquire_owned().map_err(|_| GatewayError::Overloaded)
    }
}

fn quota(rate: u32, burst: u32, period: fn(NonZeroU32) -> Quota) -> Option<Quota> {
    let rate = NonZeroU32::new(rate)?;
    let burst = NonZeroU32::new(burst).unwrap_or(rate);
    Some(period(rate).allow_burst(burst))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MethodLimit;

    #[test]
    fn callers_do_not_eat_each_others_tokens() {
        let limits =
            Limits::new(&GatewayConfig { per_caller_per_second: 1, burst: 2, ..GatewayConfig::default() });
        assert!(limits.take_call("a").is_ok());
        assert!(limits.take_call("a").is_ok());
        let refused = limits.take_call("a");
        assert!(matches!(refused, Err(GatewayError::RateLimited { retry_after_ms: 1..=1000 })));
        assert!(limits.take_call("b").is_ok());
    }

    #[test]
    fn zero_switches_off() {
        let limits = Limits::new(&GatewayConfig { per_caller_per_second: 0, ..GatewayConfig::default() });
        assert!((0..10_000).all(|_| limits.take_call("a").is_ok()));
    }

    #[test]
    fn methods_have_their_own_bucket() {
        let limit = MethodLimit { method: "p.S/M".into(), per_caller_per_minute: 1, burst: 1 };
        let limits = Limits::new(&GatewayConfig { method_limits: vec![limit], ..GatewayConfig::default() });
        assert!(limits.take_method("p.S/M", "a").is_ok());
        assert!(limits.take_method("p.S/M", "a").is_err());
        assert!(limits.take_method("p.S/Other", "a").is_ok());
    }

    #[test]
    fn memory_stays_bounded() {
        let config = GatewayConfig {
            per_caller_per_second: 1,
            burst: 1,
            max_callers: 2_000,
            ..GatewayConfig::default()
        };
        let limits = Limits::new(&config);
        for caller in 0..50_000 {
            let _ = limits.take_call(&caller.to_string());
        }
        let kept = limits.callers.as_ref().unwrap().limiter.len() as u64;
        assert!(kept <= 2_000 + SWEEP_EVERY + SHARED, "{kept}");
    }

    #[test]
    fn full_house_sheds() {
        let limits = Limits::new(&GatewayConfig { max_in_flight: 1, ..GatewayConfig::default() });
        let place = limits.enter(false).unwrap();
        assert!(matches!(limits.enter(false), Err(GatewayError::Overloaded)));
        assert!(limits.enter(true).is_ok());
        drop(place);
        assert!(limits.enter(false).is_ok());
    }
}
