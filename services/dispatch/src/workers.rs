//! Background loops.

use std::time::Duration;

use liufang_platform::Worker;

use crate::app::App;

/// Assigns couriers.
pub fn assign(app: App) -> Worker {
    Worker::new("dispatch-assign", Duration::from_millis(500), move || {
        let app = app.clone();
        async move { app.assign_step().await }
    })
}

/// Forgets whom a delivery went to once that was kept long enough.
pub fn forget_contacts(app: App) -> Worker {
    Worker::new("forget-contacts", Duration::from_secs(60), move || {
        let app = app.clone();
        async move { app.forget_contacts().await }
    })
}

/// Gives goods that nobody took to the outside company, and follows its jobs.
pub fn outside(app: App) -> Worker {
    Worker::new("dispatch-outside", Duration::from_secs(1), move || {
        let app = app.clone();
        async move { app.outside_step().await }
    })
}
