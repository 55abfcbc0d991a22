//! Background loops.

use std::time::Duration;

use liufang_platform::Worker;

use crate::app::App;

/// Tells settlement what channels told.
pub fn deliver_notices(app: App) -> Worker {
    Worker::new("deliver-channel-notices", Duration::from_millis(200), move || {
        let app = app.clone();
        async move { app.deliver_step().await }
    })
}
