//! WeChat Pay v3 and Alipay as their merchants see them, over the channel's books: signatures are checked and made for real.
//!
//! Written apart from the service that speaks to them, on purpose: two readings of one document.

mod alipay;
mod bills;
mod keys;
mod wechat;

use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use liufang_kernel::Timestamp;
use liufang_kernel::timestamp::parse_china;
use liufang_platform::https::Https;
use liufang_platform::{Deps, Port};

use crate::app::App;
use crate::domain::channel::Payment;
use crate::domain::dial::Dial;
use crate::store::wire::Wired;
use keys::Keys;

/// Number of Alipay in the contract; everything else in its own format is WeChat Pay.
const ALIPAY: i32 = 2;
const WECHAT: i32 = 1;
/// Largest request that is read.
const LARGEST: usize = 256 * 1024;
/// Longer than any merchant waits.
const LATE: Duration = Duration::from_secs(60);

/// `time_expire`: `2026-01-01 12:00:00`, or with a T and China's zone. What cannot be read is no limit.
fn expiry(text: &str) -> Timestamp {
    let plain = text.trim_end_matches("+08:00").replace('T', " ");
    parse_china(&plain).unwrap_or_default()
}

/// The channels' side: keys and where to listen.
pub struct Wires {
    listen: String,
    api_v3_key: String,
    /// None where nothing listens.
    keys: Option<Keys>,
    https: Option<Https>,
}

impl Wires {
    /// From the settings; the keys of both sides are made where they are missing.
    pub fn of(deps: &Deps) -> (Wires, Vec<String>) {
        let text = |key: &str| deps.settings.get(key, String::new());
        let listen = text("listen");
        let mut mistakes = Vec::new();
        let keys = match listen.is_empty() {
            true => None,
            false => Keys::at(&text("keys_dir")).map_err(|mistake| mistakes.push(mistake)).ok(),
        };
        let https = Https::new("hooks_tls.ca_file", "", Duration::from_secs(5)).ok();
        (Wires { listen, api_v3_key: text("api_v3_key"), keys, https }, mistakes)
    }

    /// Tells a merchant; whether it was taken.
    pub async fn notify(&self, app: &App, payment: &Payment, wired: &Wired, id: &str, dial: Dial) -> bool {
        let (Some(keys), Some(https)) = (&self.keys, &self.https) else { return false };
        let request = match payment.channel {
            ALIPAY => alipay::notice(keys, payment, wired, id, dial, app.now()),
            _ => wechat::notice(keys, &self.api_v3_key, payment, wired, (id, &app.secret()), dial, app.now()),
        };
        let Some(request) = request else { return false };
        match https.send(request).await {
            Ok(answer) if payment.channel == ALIPAY => answer.body().as_ref() == b"success",
            Ok(answer) => answer.status().is_success(),
            Err(error) => {
                tracing::info!("a merchant does not take a notice: {error}");
                false
            }
        }
    }
}

/// The port.
pub fn port(app: App) -> Port {
    let listen = app.wires.listen.clone();
    let router = Router::new().fallback(serve).with_state(app);
    Port { setting: "role.sandbox.listen", listen, router }
}

async fn serve(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let Some(keys) = &app.wires.keys else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let answer = match path.strip_prefix("/wechat") {
        Some(path) => wechat::serve(&app, keys, (parts.method.as_str(), path), &parts.headers, &body).await,
        None if path.starts_with("/alipay/gateway.do") => alipay::serve(&app, keys, host, &body).await,
        None if path.starts_with("/alipay/downloadBillFile.resource?") => {
            bills::alipay_file(&app, path).await
        }
        None => return StatusCode::NOT_FOUND.into_response(),
    };
    // a channel that gives no answer breaks the line
    answer.unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

/// What a query names beside the truth: who is not the channel lies.
fn lie(dial: Dial) -> i64 {
    let strange = [Dial::WrongAmount, Dial::BadSignature, Dial::WrongSerial, Dial::OldTimestamp];
    i64::from(strange.contains(&dial))
}

/// What a dial does to an answer that was made: none, and the line breaks.
async fn late(dial: Dial) {
    if dial == Dial::Late {
        tokio::time::sleep(LATE).await;
    }
}
