//! Background work.

use std::time::Duration;

use liufang_platform::Worker;

use crate::app::App;

/// Gives back what unpaid orders held.
pub fn expire_reservations(app: App) -> Worker {
    Worker::new("expire-reservations", Duration::from_millis(500), move || {
        let app = app.clone();
        async move { app.expire_step().await }
    })
}
