//! Numbers for the metrics: revocation lists that run out.

use liufang_platform::metrics::Gauge;

use crate::app::App;

/// One gauge for each trusted authority; they are known from the start on.
pub fn gauges(app: &App) -> Vec<Gauge> {
    let gauge = |(issuer, name): (String, String)| {
        let app = app.clone();
        let read = move || {
            let (app, issuer) = (app.clone(), issuer.clone());
            async move { app.list_expires_seconds(&issuer).await }
        };
        // a label lives as long as the process: as many as the configuration names
        Gauge::new("liufang_revocation_list_expires_seconds", read).of("authority", name.leak())
    };
    app.watched_authorities().into_iter().map(gauge).collect()
}
