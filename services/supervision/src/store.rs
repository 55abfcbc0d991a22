//! Supervision's tables; the only place that names them.

pub mod books;
pub mod cases;
pub mod fund;

use liufang_platform::db::sql::{row, rows, run};
