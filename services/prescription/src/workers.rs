//! Background loops; each step is a use case of its own.

use std::time::Duration;

use liufang_platform::Worker;

use crate::app::App;

/// Ends unpaid bookings.
pub fn time_out_visits(app: App) -> Worker {
    Worker::new("time-out-visits", Duration::from_millis(1_000), move || {
        let app = app.clone();
        async move { app.time_out_visits().await }
    })
}

/// Ends prescriptions by time.
pub fn expire_prescriptions(app: App) -> Worker {
    Worker::new("expire-prescriptions", Duration::from_millis(1_000), move || {
        let app = app.clone();
        async move { app.expire_prescriptions().await }
    })
}

/// Takes unreviewed claims back.
pub fn lapse_claims(app: App) -> Worker {
    Worker::new("lapse-claims", Duration::from_millis(1_000), move || {
        let app = app.clone();
        async move { app.lapse_claims().await }
    })
}

/// Forgets tokens of the counter that are long over.
pub fn forget_counter_tokens(app: App) -> Worker {
    Worker::new("forget-counter-tokens", Duration::from_secs(60), move || {
        let app = app.clone();
        async move { app.forget_counter_tokens().await }
    })
}

/// Takes personal data out of what was kept long enough.
pub fn archive(app: App) -> Worker {
    Worker::new("archive", Duration::from_secs(60), move || {
        let app = app.clone();
        async move { app.archive().await }
    })
}

/// Tells hospitals of reviews and settlements.
pub fn send_notices(app: App) -> Worker {
    Worker::new("send-notices", Duration::from_millis(500), move || {
        let app = app.clone();
        async move { app.send_notices().await }
    })
}

/// Forgets notices that were taken long ago.
pub fn forget_notices(app: App) -> Worker {
    Worker::new("forget-notices", Duration::from_secs(60), move || {
        let app = app.clone();
        async move { app.forget_notices().await }
    })
}
