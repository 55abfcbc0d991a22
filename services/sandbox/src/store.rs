//! The sandbox's tables; the only place that names them.

pub mod bill;
pub mod channel;
pub mod checks;
pub mod dials;
pub mod insurer;
pub mod jobs;
pub mod messages;
pub mod mobile;
pub mod notices;
pub mod notified;
pub mod sealed;
pub mod wire;

use liufang_platform::db::sql::{row, rows, run};
