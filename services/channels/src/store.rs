//! The channels' tables; the only place that names them.

pub mod notice;
pub mod order;
pub mod refund;
pub mod sealed;

use liufang_platform::db::sql::{row, run};
