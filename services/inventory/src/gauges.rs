//! Numbers for the metrics.

use liufang_platform::metrics::Gauge;

use crate::app::App;

/// Packs somebody tried to sell a second time.
pub fn trace_code_duplicates(app: App) -> Gauge {
    Gauge::new("liufang_trace_code_duplicates", move || {
        let app = app.clone();
        async move { app.resales_of_the_day().await }
    })
}
