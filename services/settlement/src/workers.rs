//! Background loops.

use std::time::Duration;

use liufang_platform::Worker;

use crate::app::App;

/// Brings started payments to an end and ends the ones nobody started.
pub fn all(app: &App) -> Vec<Worker> {
    let converge = app.clone();
    let expire = app.clone();
    let late = app.clone();
    let fetch = app.clone();
    vec![
        Worker::new("converge-payments", Duration::from_millis(200), move || {
            let app = converge.clone();
            async move { app.converge_step().await }
        }),
        Worker::new("expire-holds", Duration::from_millis(500), move || {
            let app = expire.clone();
            async move { app.expire_step().await }
        }),
        Worker::new("look-for-late-cash", Duration::from_secs(5), move || {
            let app = late.clone();
            async move { app.late_step().await }
        }),
        Worker::new("fetch-statements", Duration::from_secs(2), move || {
            let app = fetch.clone();
            async move { app.fetch_step().await }
        }),
    ]
}
