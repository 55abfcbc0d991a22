//! Dispatch's tables; the only place that names them.

pub mod audit;
pub mod contacts;
pub mod couriers;
pub mod deliveries;
pub mod jobs;
pub mod logs;
pub mod sealed;
pub mod track;

use liufang_platform::db::sql::{row, rows, run};
