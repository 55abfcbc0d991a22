//! Numbers for the metrics.

use liufang_platform::metrics::Gauge;

use crate::app::App;

/// Open cases of a trace code sold twice.
pub fn trace_code_duplicates(app: App) -> Gauge {
    Gauge::new("liufang_trace_code_duplicates", move || {
        let app = app.clone();
        async move { app.open_resales().await }
    })
}
