//! Background loops; each step is public through the app, so that tests drive it.

use std::time::Duration;

use liufang_platform::Worker;

use crate::app::App;

/// The workers of this service.
pub fn workers(app: &App) -> Vec<Worker> {
    let (resume, close, forget) = (app.clone(), app.clone(), app.clone());
    vec![
        Worker::new("resume-sagas", Duration::from_millis(200), move || {
            let app = resume.clone();
            async move { app.resume_step().await }
        }),
        Worker::new("close-unpaid", Duration::from_millis(500), move || {
            let app = close.clone();
            async move { app.close_unpaid_step().await }
        }),
        Worker::new("forget-contacts", Duration::from_secs(60), move || {
            let app = forget.clone();
            async move { app.forget_contacts().await }
        }),
    ]
}
