//! What the process counts and measures, as Prometheus text (`/metrics` on the admin port) and, when configured, over OTLP.
//!
//! Owns every metric of the house: the names, labels and meanings are the [`CATALOG`], and a test compares it with what a
//! running process shows and with what alerts and dashboards ask for. Invariant: label values come from the contracts, the
//! configuration or the code, never from a caller, so their number is bounded and nothing personal can be among them.

mod board;
mod catalog;
mod instruments;
mod labels;
mod record;
mod watch;

pub use catalog::{CATALOG, Kind, Metric};
pub use instruments::{flush, install, metrics_text};
pub use record::{
    Running, bus_handled, call_ended, certificate, client_call, client_retry, consumer, dead_letter, peer,
    ready, role, rpc_ended, running, shed, worker, worker_stepped,
};
pub use watch::{Gauge, Watched, watch};
