//! Background loops.

use std::time::Duration;

use liufang_platform::Worker;

use crate::app::App;

/// Sends the channel's notices.
pub fn send_notices(app: App) -> Worker {
    Worker::new("sandbox-send-notices", Duration::from_millis(200), move || {
        let app = app.clone();
        async move { app.send_notice_step().await }
    })
}

/// Pays orders of the mobile-payment centre that are under way, and sends its notices.
pub fn work_orders(app: App) -> Worker {
    Worker::new("sandbox-work-orders", Duration::from_millis(500), move || {
        let app = app.clone();
        async move { app.work_order_step().await }
    })
}
