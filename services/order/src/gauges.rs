//! Numbers for the metrics: purchases that do not get on.

use liufang_platform::metrics::Gauge;

use crate::app::App;

/// The gauges of this service.
pub fn gauges(app: &App) -> Vec<Gauge> {
    let (oldest, half_paid) = (app.clone(), app.clone());
    vec![
        Gauge::new("liufang_saga_oldest_seconds", move || {
            let app = oldest.clone();
            async move { app.saga_oldest_seconds().await }
        }),
        Gauge::new("liufang_orders_half_paid", move || {
            let app = half_paid.clone();
            async move { app.half_paid().await }
        }),
    ]
}
