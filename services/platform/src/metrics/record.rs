//! One function per thing that happens. Each builds its labels on the stack from `'static` words.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use opentelemetry::KeyValue;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::instruments::instruments;
use super::{board, catalog, labels};
use crate::status::code_name;

/// When this was first asked for, which is when the process starts.
static STARTED: LazyLock<i64> = LazyLock::new(|| {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
});

/// A role of this process: what it may count shows as 0 from the start, or a first increase could not be seen.
pub fn role(role: &'static str) {
    let labels = [KeyValue::new("role", role)];
    instruments().rpc_in_flight.add(0, &labels);
    instruments().rpc_faults.add(0, &labels);
    instruments().rpc_shed.add(0, &labels);
    board::set(catalog::START_TIME, &[("role", role)], *STARTED);
    board::set(catalog::BUILD_INFO, &[("version", env!("CARGO_PKG_VERSION"))], 1);
}

/// A call that is being worked on, until it is dropped.
#[derive(Debug)]
pub struct Running([KeyValue; 1]);

/// Counts a call as being worked on.
pub fn running(role: &'static str) -> Running {
    let running = Running([KeyValue::new("role", role)]);
    instruments().rpc_in_flight.add(1, &running.0);
    running
}

impl Drop for Running {
    fn drop(&mut self) {
        instruments().rpc_in_flight.add(-1, &self.0);
    }
}

/// A call was refused because too many were being worked on.
pub fn shed(role: &'static str) {
    instruments().rpc_shed.add(1, &[KeyValue::new("role", role)]);
}

/// A call was answered with these headers.
pub fn rpc_ended(role: &'static str, path: &str, code: Code, headers: &HeaderMap, took: Duration) {
    // refusals are rarer than answers, and only they are read
    let refused = (code != Code::Ok).then(|| Status::from_header_map(headers)).flatten();
    let info = refused.and_then(|status| status.get_details_error_info());
    call_ended(role, path, code, info.as_ref().map_or("", |info| &info.reason), took);
}

/// A call to `method` (full name, with or without the leading slash) was answered.
pub fn call_ended(role: &'static str, method: &str, code: Code, reason: &str, took: Duration) {
    if is_our_fault(method, code, reason) {
        instruments().rpc_faults.add(1, &[KeyValue::new("role", role)]);
    }
    let labels = [
        KeyValue::new("role", role),
        KeyValue::new("method", labels::method(method)),
        KeyValue::new("code", code_name(code)),
        KeyValue::new("reason", labels::reason(reason)),
    ];
    instruments().rpc_duration.record(took.as_secs_f64(), &labels);
}

/// What service levels call a fault: not a caller's mistake, not a refusal by the rules of the trade, not the end of a stream,
/// which waits for news as long as its reader likes.
fn is_our_fault(method: &str, code: Code, reason: &str) -> bool {
    let call = method.rsplit('/').next().unwrap_or_default();
    let stream = call.starts_with("Watch") || call.starts_with("Track");
    match code {
        Code::Internal | Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::DataLoss => {
            !stream
        }
        Code::ResourceExhausted => !stream && matches!(reason, "OVERLOADED" | "GATEWAY_OVERLOADED"),
        _ => false,
    }
}

fn pair(role: &str, key: &'static str, value: &str) -> [KeyValue; 2] {
    [KeyValue::new("role", labels::interned(role)), KeyValue::new(key, labels::interned(value))]
}

/// A peer this role calls; `broken` tells, quickly, whether it is known not to answer, and `None` once nobody can know.
pub fn peer(role: &str, peer: &str, broken: impl Fn() -> Option<bool> + Send + Sync + 'static) {
    instruments().client_retries.add(0, &pair(role, "peer", peer));
    let labels = [("role", labels::interned(role)), ("peer", labels::interned(peer))];
    board::set_live(catalog::BREAKER_OPEN, &labels, move || broken().map(i64::from));
}

/// A call to a peer ended, after all its tries.
pub fn client_call(role: &str, peer: &str, code: Code) {
    let [role, peer] = pair(role, "peer", peer);
    instruments().client_calls.add(1, &[role, peer, KeyValue::new("code", code_name(code))]);
}

/// A call to a peer is tried again.
pub fn client_retry(role: &str, peer: &str) {
    instruments().client_retries.add(1, &pair(role, "peer", peer));
}

/// A worker of this process.
pub fn worker(role: &'static str, worker: &'static str) {
    instruments().worker_failures.add(0, &pair(role, "worker", worker));
}

/// A worker made a step.
pub fn worker_stepped(role: &'static str, worker: &'static str, took: Duration, failed: bool) {
    let labels = [KeyValue::new("role", role), KeyValue::new("worker", worker)];
    instruments().worker_step.record(took.as_secs_f64(), &labels);
    if failed {
        instruments().worker_failures.add(1, &labels);
    }
}

/// A consumer of this process.
pub fn consumer(role: &'static str, consumer: &'static str) {
    for outcome in ["done", "duplicate", "failed"] {
        handled(role, consumer, outcome, 0);
    }
    instruments().bus_dead_letters.add(0, &pair(role, "consumer", consumer));
}

/// A delivery was handled: `Some(true)` for the first time, `Some(false)` again, `None` not.
pub fn bus_handled(role: &'static str, consumer: &'static str, fresh: Option<bool>) {
    let outcome = match fresh {
        Some(true) => "done",
        Some(false) => "duplicate",
        None => "failed",
    };
    handled(role, consumer, outcome, 1);
}

fn handled(role: &'static str, consumer: &'static str, outcome: &'static str, count: u64) {
    let labels =
        [KeyValue::new("role", role), KeyValue::new("consumer", consumer), KeyValue::new("outcome", outcome)];
    instruments().bus_handled.add(count, &labels);
}

/// An event was given up.
pub fn dead_letter(role: &'static str, consumer: &'static str) {
    instruments().bus_dead_letters.add(1, &pair(role, "consumer", consumer));
}

/// A role of this process and what tells whether it can do its work.
pub fn ready(role: &'static str, ready: impl Fn() -> bool + Send + Sync + 'static) {
    board::set_live(catalog::READY, &[("role", role)], move || Some(i64::from(ready())));
}

/// The certificate in use (`mesh` or `public`) and what tells from when and until when it is good, in seconds since 1970.
pub fn certificate(usage: &'static str, validity: impl Fn() -> (i64, i64) + Clone + Send + Sync + 'static) {
    let whole = validity.clone();
    board::set_live(catalog::CERTIFICATE_LIFETIME, &[("use", usage)], move || {
        let (from, until) = whole();
        Some(until.saturating_sub(from))
    });
    board::set_live(catalog::CERTIFICATE_EXPIRES, &[("use", usage)], move || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        // below zero: expired since
        Some(validity().1.saturating_sub(now))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_refusals_and_streams_are_no_faults_of_ours() {
        let pay = "/liufang.order.v1.OrderService/PayOrder";
        for (method, code, reason, ours) in [
            (pay, Code::Internal, "INTERNAL", true),
            (pay, Code::Unavailable, "DATABASE_UNAVAILABLE", true),
            (pay, Code::DeadlineExceeded, "DEADLINE_EXCEEDED", true),
            (pay, Code::ResourceExhausted, "OVERLOADED", true),
            (pay, Code::ResourceExhausted, "GATEWAY_OVERLOADED", true),
            (pay, Code::ResourceExhausted, "RATE_LIMITED", false),
            (pay, Code::Ok, "", false),
            (pay, Code::InvalidArgument, "INVALID_REQUEST", false),
            (pay, Code::FailedPrecondition, "ORDER_ENDED", false),
            (pay, Code::NotFound, "ORDER_NOT_FOUND", false),
            (pay, Code::Aborted, "LOST_RACE", false),
            ("liufang.order.v1.OrderService/WatchOrder", Code::DeadlineExceeded, "DEADLINE_EXCEEDED", false),
            ("/liufang.dispatch.v1.DeliveryService/TrackDelivery", Code::Unavailable, "STOPPING", false),
        ] {
            assert_eq!(is_our_fault(method, code, reason), ours, "{method} {code:?} {reason}");
        }
    }
}
