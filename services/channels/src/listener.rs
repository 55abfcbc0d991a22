//! Where channels bring their notices: a port of its own, behind the same proxy as the gateway's.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use liufang_platform::Port;

use crate::app::App;
use crate::error::ChannelError;

/// Largest notice that is read.
const LARGEST: usize = 64 * 1024;

/// The port.
pub fn port(app: App) -> Port {
    let listen = app.listen.to_string();
    let router = Router::new()
        .route("/notify/wechat", post(wechat))
        .route("/notify/alipay", post(alipay))
        .with_state(app);
    Port { setting: "role.channels.listen", listen, router }
}

async fn wechat(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match app.wechat_notice(&parts.headers, &body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            let body = r#"{"code":"FAIL","message":"not taken"}"#;
            (refused("wechat", &error), [("content-type", "application/json")], body).into_response()
        }
    }
}

async fn alipay(State(app): State<App>, request: Request<Body>) -> Response {
    let Ok(body) = to_bytes(request.into_body(), LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match app.alipay_notice(&body).await {
        Ok(()) => "success".into_response(),
        Err(error) => (refused("alipay", &error), "failure").into_response(),
    }
}

fn refused(channel: &str, error: &ChannelError) -> StatusCode {
    match error {
        ChannelError::NotTheChannels => {
            tracing::warn!(channel, "a notice that is not the channel's was refused");
            StatusCode::UNAUTHORIZED
        }
        ChannelError::NotServed => StatusCode::NOT_FOUND,
        // brought again by the channel
        _ => {
            tracing::info!(channel, "a notice could not be taken: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
