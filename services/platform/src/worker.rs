//! Background work: `loop { step().await; sleep }`, with a public step that tests drive themselves.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use liufang_kernel::{Class, Fault};
use tokio_util::sync::CancellationToken;

use crate::causes;
use crate::db::Gate;
use crate::metrics;
use crate::retry::Retry;

type Stepped = Pin<Box<dyn Future<Output = Result<usize, WorkerError>> + Send>>;

/// A step that failed. It is tried again after the pause.
#[derive(Debug, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct WorkerError {
    reason: String,
    message: String,
    /// A bug or an outage a person must look at, rather than a lost race.
    loud: bool,
}

/// A named background loop.
#[derive(Clone)]
pub struct Worker {
    pub name: &'static str,
    role: &'static str,
    interval: Duration,
    step: Arc<dyn Fn() -> Stepped + Send + Sync>,
}

impl Worker {
    /// A worker whose `step` answers how many items it handled; more than zero runs it again at once.
    pub fn new<S, F, E>(name: &'static str, interval: Duration, step: S) -> Worker
    where
        S: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<usize, E>> + Send + 'static,
        E: Fault,
    {
        let step = move || -> Stepped {
            let future = step();
            Box::pin(async move {
                future.await.map_err(|fault| WorkerError {
                    reason: fault.doc().reason.to_string(),
                    message: causes::chain(&fault),
                    loud: fault.doc().class == Class::Internal,
                })
            })
        };
        Worker { name, role: "", interval, step: Arc::new(step) }
    }

    /// The role it works for, in the metrics.
    #[must_use]
    pub fn of(mut self, role: &'static str) -> Worker {
        metrics::worker(role, self.name);
        self.role = role;
        self
    }

    /// One step.
    pub async fn step(&self) -> Result<usize, WorkerError> {
        let started = Instant::now();
        let result = (self.step)().await;
        metrics::worker_stepped(self.role, self.name, started.elapsed(), result.is_err());
        result
    }

    /// Steps until `shutdown`, while `gate` is open, pausing when there is nothing to do. Failures in a row are tried again
    /// in growing pauses and told in growing distances.
    pub async fn run(&self, gate: Gate, shutdown: CancellationToken) {
        let (mut quiet, mut loud) = pauses(self.interval);
        while !shutdown.is_cancelled() {
            tokio::select! { () = gate.wait() => {} () = shutdown.cancelled() => return }
            let stepped = self.step().await;
            if stepped.is_ok() {
                quiet.succeeded();
                loud.succeeded();
            }
            let pause = match stepped {
                Ok(0) => self.interval,
                Ok(_) => continue,
                Err(error) => {
                    let (pause, speak) = if error.loud { loud.failed() } else { quiet.failed() };
                    match (speak, error.loud) {
                        (true, true) => tracing::error!(worker = self.name, "step failed: {error}"),
                        (true, false) => {
                            tracing::info!(worker = self.name, "step will be tried again: {error}")
                        }
                        (false, _) => {}
                    }
                    pause
                }
            };
            tokio::select! { () = tokio::time::sleep(pause) => {} () = shutdown.cancelled() => {} }
        }
    }
}

/// Pauses after failures in a row, of an outage and of a bug. Whoever looks once a minute does not wait a minute for an outage
/// that is over in a second.
fn pauses(interval: Duration) -> (Retry, Retry) {
    let from = |least: Duration, most: Duration| Retry::new(interval.clamp(least, most), most);
    let quiet = from(Duration::from_millis(200), Duration::from_secs(5));
    (quiet, from(Duration::from_secs(1), Duration::from_secs(30)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_outage_costs_a_rare_worker_no_minute() {
        let (mut quiet, mut loud) = pauses(Duration::from_secs(60));
        assert_eq!(quiet.failed().0, Duration::from_secs(5));
        assert_eq!(loud.failed().0, Duration::from_secs(30));
        let (mut quiet, mut loud) = pauses(Duration::from_millis(50));
        assert_eq!(quiet.failed().0, Duration::from_millis(200));
        assert_eq!(loud.failed().0, Duration::from_secs(1));
    }
}
