//! WeChat Pay v3.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use liufang_kernel::{Fen, Timestamp};
use liufang_platform::rsa::seal_gcm;
use serde_json::{Value, json};

use super::bills::{self, Asked};
use super::keys::{Keys, VALID};
use super::{WECHAT, expiry, late, lie};
use crate::app::{App, Close, Pay, Query, Refund};
use crate::domain::channel::{Payment, State};
use crate::domain::dial::Dial;
use crate::error::SandboxError;
use crate::store::wire::Wired;

/// An answer before it is signed.
struct Answer {
    status: StatusCode,
    body: String,
}

impl Answer {
    fn ok(body: &Value) -> Answer {
        Answer { status: StatusCode::OK, body: body.to_string() }
    }

    fn error(status: StatusCode, code: &str) -> Answer {
        Answer { status, body: json!({ "code": code, "message": "see code" }).to_string() }
    }

    fn not_found(code: &str) -> Answer {
        Answer::error(StatusCode::NOT_FOUND, code)
    }
}

/// Serves a request: its signature, its effect, the dial's mischief, our signature.
pub async fn serve(
    app: &App,
    keys: &Keys,
    line: (&str, &str),
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, SandboxError> {
    let (method, path) = line;
    let Some(mchid) = signed_by(keys, method, path, headers, body) else {
        return Ok(sign(app, keys, Answer::error(StatusCode::UNAUTHORIZED, "SIGN_ERROR"), Dial::Normal));
    };
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let (plain, _) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = plain.trim_start_matches("/v3/").split('/').collect();
    if let ("GET", ["billdownload", "file"]) = (method, parts.as_slice()) {
        return bills::wechat_file(app, &mchid, path).await;
    }
    let (answer, dial) = match (method, parts.as_slice()) {
        ("GET", ["certificates"]) => certificates(app, keys).await?,
        ("GET", ["bill", "tradebill"]) => bill(app, headers, &mchid, path).await?,
        ("POST", ["pay", "transactions", kind]) => create(app, kind, &body).await?,
        ("GET", ["pay", "transactions", "out-trade-no", no]) => query(app, no, &mchid).await?,
        ("POST", ["pay", "transactions", "out-trade-no", no, "close"]) => close(app, no).await?,
        ("POST", ["refund", "domestic", "refunds"]) => refund(app, &body).await?,
        ("GET", ["refund", "domestic", "refunds", no]) => query_refund(app, no).await?,
        _ => (Answer::not_found("RESOURCE_NOT_EXISTS"), Dial::Normal),
    };
    late(dial).await;
    Ok(match dial {
        Dial::ServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Dial::SystemError => {
            sign(app, keys, Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "SYSTEM_ERROR"), dial)
        }
        _ => sign(app, keys, answer, dial),
    })
}

/// 平台证书: the present one; with the dial on the next key, that one too.
async fn certificates(app: &App, keys: &Keys) -> Result<(Answer, Dial), SandboxError> {
    let dial = app.wire_dial("Certificates", &[]).await?;
    let published = if dial == Dial::NextKey { &keys.wechat[..] } else { &keys.wechat[..1] };
    let mut rows = Vec::new();
    for own in published {
        let secret = app.secret();
        let plain = (secret.get(..12).unwrap_or_default(), own.certificate.as_bytes());
        let [from, until] = VALID.map(|year| format!("{year}-01-01T08:00:00+08:00"));
        rows.push(json!({
            "serial_no": own.serial, "effective_time": from, "expire_time": until,
            "encrypt_certificate": sealed(&app.wires.api_v3_key, "certificate", plain, dial),
        }));
    }
    let answer = Answer::ok(&json!({ "data": rows }));
    // the next key is published and signs nothing yet
    Ok((answer, if dial == Dial::NextKey { Dial::Normal } else { dial }))
}

async fn bill(
    app: &App,
    headers: &HeaderMap,
    mchid: &str,
    path: &str,
) -> Result<(Answer, Dial), SandboxError> {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (asked, dial) = bills::wechat(app, host, mchid, path).await?;
    let answer = match asked {
        Asked::Body(body) => Answer::ok(&body),
        Asked::Code(code) => Answer::error(StatusCode::BAD_REQUEST, code),
    };
    Ok((answer, dial))
}

/// The merchant whose key signed a request.
fn signed_by(keys: &Keys, method: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let header = headers.get("authorization")?.to_str().ok()?;
    let fields = header.strip_prefix("WECHATPAY2-SHA256-RSA2048 ")?;
    let field = |name: &str| {
        let rows = fields.split(',').filter_map(|row| row.trim().split_once('='));
        let mut found = rows.filter(|(key, _)| *key == name);
        found.next().map(|(_, value)| value.trim_matches('"').to_owned())
    };
    let mut text =
        format!("{method}\n{path}\n{}\n{}\n", field("timestamp")?, field("nonce_str")?).into_bytes();
    text.extend_from_slice(body);
    text.push(b'\n');
    let genuine = keys.wechat_merchant.verifies(&text, &field("signature")?);
    let named = field("serial_no").is_some_and(|serial| !serial.is_empty());
    (genuine && named).then(|| field("mchid")).flatten()
}

fn sign(app: &App, keys: &Keys, answer: Answer, dial: Dial) -> Response {
    let mut response = Response::new(Body::from(answer.body.clone()));
    *response.status_mut() = answer.status;
    for (name, value) in signed_headers(keys, &answer.body, dial, app.now(), &app.secret()) {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn signed_headers(
    keys: &Keys,
    body: &str,
    dial: Dial,
    now: Timestamp,
    nonce: &str,
) -> [(&'static str, String); 5] {
    let at = now.seconds() - if dial == Dial::OldTimestamp { 600 } else { 0 };
    let text = format!("{at}\n{nonce}\n{body}\n");
    let [present, next] = &keys.wechat;
    let (serial, signer) = match dial {
        Dial::NextKey => (next.serial.as_str(), &next.signer),
        Dial::WrongSerial => ("5A0DB0C000000009", &present.signer),
        Dial::BadSignature => (present.serial.as_str(), &keys.stranger),
        _ => (present.serial.as_str(), &present.signer),
    };
    [
        ("content-type", "application/json".to_owned()),
        ("wechatpay-timestamp", at.to_string()),
        ("wechatpay-nonce", nonce.to_owned()),
        ("wechatpay-serial", serial.to_owned()),
        ("wechatpay-signature", signer.sign(&text)),
    ]
}

fn text<'a>(body: &'a Value, key: &str) -> &'a str {
    body[key].as_str().unwrap_or_default()
}

async fn create(app: &App, kind: &str, body: &Value) -> Result<(Answer, Dial), SandboxError> {
    let no = text(body, "out_trade_no");
    let payer = text(&body["payer"], "openid");
    let amount = body["amount"]["total"].as_i64().unwrap_or_default();
    let known = ["native", "jsapi", "app"].contains(&kind);
    let whole = known && !no.is_empty() && amount > 0 && text(&body["amount"], "currency") == "CNY";
    if !whole || (kind == "jsapi" && payer.is_empty()) {
        return Ok((Answer::error(StatusCode::BAD_REQUEST, "PARAM_ERROR"), Dial::Normal));
    }
    let dial = app.wire_dial("Create", &[no, payer]).await?;
    let wired = Wired {
        merchant: text(body, "mchid").to_owned(),
        app: text(body, "appid").to_owned(),
        notify_url: text(body, "notify_url").to_owned(),
    };
    app.wire(no, &wired).await?;
    let pay = Pay {
        channel: WECHAT,
        channel_order_no: no.to_owned(),
        amount: Fen(amount),
        freight: Fen::ZERO,
        payer: payer.to_owned(),
        expires_at: expiry(text(body, "time_expire")),
        fixmedins_code: String::new(),
    };
    let payment = match app.create_payment(pay).await {
        Err(SandboxError::AmountDiffers) => {
            return Ok((Answer::error(StatusCode::FORBIDDEN, "OUT_TRADE_NO_USED"), dial));
        }
        other => other?,
    };
    let answer = match (payment.state, kind) {
        (State::Refused, _) => Answer::error(StatusCode::FORBIDDEN, "RULE_LIMIT"),
        (_, "native") => Answer::ok(&json!({ "code_url": format!("weixin://wxpay/bizpayurl?pr={no}") })),
        _ => Answer::ok(&json!({ "prepay_id": format!("wx{no}") })),
    };
    Ok((answer, dial))
}

async fn query(app: &App, no: &str, mchid: &str) -> Result<(Answer, Dial), SandboxError> {
    let dial = app.wire_dial("Query", &[no]).await?;
    let found = app.query_payment(Query { channel_order_no: no.to_owned() }).await?;
    let answer = match found.filter(|payment| payment.state != State::Refused) {
        Some(payment) => {
            let wrong = lie(dial);
            Answer::ok(&transaction(&Payment { amount: Fen(payment.amount.0 + wrong), ..payment }, mchid, ""))
        }
        None => Answer::not_found("ORDER_NOT_EXIST"),
    };
    Ok((answer, dial))
}

fn transaction(payment: &Payment, mchid: &str, appid: &str) -> Value {
    let state = match payment.state {
        State::Open => "NOTPAY",
        State::Paid if payment.refunded.is_zero() => "SUCCESS",
        State::Paid | State::Refunded => "REFUND",
        State::Closed | State::Refused => "CLOSED",
    };
    json!({
        "appid": appid, "mchid": mchid, "out_trade_no": payment.channel_order_no,
        "transaction_id": payment.channel_trade_no, "trade_state": state, "trade_type": "JSAPI",
        "amount": { "total": payment.amount.0, "payer_total": payment.amount.0, "currency": "CNY" },
    })
}

async fn close(app: &App, no: &str) -> Result<(Answer, Dial), SandboxError> {
    let dial = app.wire_dial("Close", &[no]).await?;
    let closed = app.close_payment(Close { channel_order_no: no.to_owned() }).await?;
    let answer = match closed.map(|payment| payment.state) {
        None => Answer::not_found("ORDER_NOT_EXIST"),
        Some(State::Closed | State::Refused) => {
            Answer { status: StatusCode::NO_CONTENT, body: String::new() }
        }
        Some(_) => Answer::error(StatusCode::BAD_REQUEST, "ORDERPAID"),
    };
    Ok((answer, dial))
}

async fn refund(app: &App, body: &Value) -> Result<(Answer, Dial), SandboxError> {
    let (no, refund_no) = (text(body, "out_trade_no"), text(body, "out_refund_no"));
    let amount = Fen(body["amount"]["refund"].as_i64().unwrap_or_default());
    let dial = app.wire_dial("Refund", &[no, refund_no]).await?;
    let (channel_order_no, number) = (no.to_owned(), refund_no.to_owned());
    let done = app.refund_payment(Refund { channel_order_no, refund_no: number, amount }).await?;
    let status = if dial == Dial::Processing { "PROCESSING" } else { "SUCCESS" };
    let answer = match done {
        Ok(()) => Answer::ok(&refunded(no, refund_no, amount, status)),
        Err("NOT_FOUND") => Answer::not_found("RESOURCE_NOT_EXISTS"),
        Err("REFUSED_BY_CHANNEL") => Answer::error(StatusCode::FORBIDDEN, "NOT_ENOUGH"),
        Err(_) => Answer::error(StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
    };
    Ok((answer, dial))
}

fn refunded(no: &str, refund_no: &str, amount: Fen, status: &str) -> Value {
    json!({
        "out_trade_no": no, "out_refund_no": refund_no, "refund_id": format!("5{refund_no}"), "status": status,
        "amount": { "refund": amount.0, "currency": "CNY" },
    })
}

async fn query_refund(app: &App, refund_no: &str) -> Result<(Answer, Dial), SandboxError> {
    let dial = app.wire_dial("QueryRefund", &[refund_no]).await?;
    let found = app.refund_in_books(refund_no).await?;
    let status = if dial == Dial::Processing { "PROCESSING" } else { "SUCCESS" };
    let answer = match found {
        Some((no, amount)) => Answer::ok(&refunded(&no, refund_no, amount, status)),
        None => Answer::not_found("RESOURCE_NOT_EXISTS"),
    };
    Ok((answer, dial))
}

/// What is sealed with the APIv3 key, as it stands in an answer or a notice; `plain` is nonce and text.
fn sealed(api_v3_key: &str, kind: &str, plain: (&str, &[u8]), dial: Dial) -> Option<Value> {
    let (nonce, text) = plain;
    let mut sealed = seal_gcm(api_v3_key.as_bytes(), nonce.as_bytes(), kind.as_bytes(), text)?;
    if dial == Dial::BadSeal {
        *sealed.last_mut()? ^= 1;
    }
    Some(json!({
        "algorithm": "AEAD_AES_256_GCM", "original_type": kind, "associated_data": kind, "nonce": nonce,
        "ciphertext": STANDARD.encode(sealed),
    }))
}

/// A notice, sealed and signed; none for what WeChat Pay tells nobody.
pub fn notice(
    keys: &Keys,
    api_v3_key: &str,
    payment: &Payment,
    wired: &Wired,
    words: (&str, &str),
    dial: Dial,
    now: Timestamp,
) -> Option<Request<Bytes>> {
    let (id, secret) = words;
    // a refund's notice is another kind, and our own refunds are known from their answers
    let plain = transaction(&Payment { refunded: Fen::ZERO, ..payment.clone() }, &wired.merchant, &wired.app);
    let nonce = secret.get(..12)?;
    let body = json!({
        "id": id, "create_time": now.china_text(), "event_type": "TRANSACTION.SUCCESS",
        "resource_type": "encrypt-resource", "summary": "支付成功",
        "resource": sealed(api_v3_key, "transaction", (nonce, plain.to_string().as_bytes()), dial)?,
    })
    .to_string();
    let mut request = Request::post(&wired.notify_url);
    for (name, value) in signed_headers(keys, &body, dial, now, secret) {
        request = request.header(name, value);
    }
    request.body(Bytes::from(body)).ok()
}
