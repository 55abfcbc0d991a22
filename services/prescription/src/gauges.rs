//! Numbers for the metrics: notices that do not reach their hospital.

use liufang_platform::metrics::Gauge;

use crate::app::App;

/// The gauges of this service.
pub fn gauges(app: &App) -> [Gauge; 2] {
    let (oldest, given_up) = (app.clone(), app.clone());
    [
        Gauge::new("liufang_notices_oldest_seconds", move || {
            let app = oldest.clone();
            async move { app.notices_oldest_seconds().await }
        }),
        Gauge::new("liufang_notices_given_up", move || {
            let app = given_up.clone();
            async move { app.notices_given_up().await }
        }),
    ]
}
