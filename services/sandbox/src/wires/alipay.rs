//! Alipay's open interface.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::Request;
use liufang_kernel::{Fen, Timestamp};
use serde_json::{Value, json};

use super::bills::{self, Asked};
use super::keys::Keys;
use super::{ALIPAY, expiry, late};
use crate::app::{App, Close, Pay, Query, Refund};
use crate::domain::channel::{Payment, State};
use crate::domain::dial::Dial;
use crate::error::SandboxError;
use crate::store::wire::Wired;

type Params = BTreeMap<String, String>;

/// Serves a request: its signature, its effect, the dial's mischief, our signature.
pub async fn serve(app: &App, keys: &Keys, host: &str, body: &[u8]) -> Result<Response, SandboxError> {
    let params: Params = form_urlencoded::parse(body).into_owned().collect();
    let method = field(&params, "method").to_owned();
    let mut text = String::new();
    for (key, value) in params.iter().filter(|(key, value)| *key != "sign" && !value.is_empty()) {
        text.push_str(if text.is_empty() { "" } else { "&" });
        text.push_str(&format!("{key}={value}"));
    }
    if !keys.alipay_app.verifies(text.as_bytes(), field(&params, "sign")) {
        let refused = json!({ "code": "40002", "sub_code": "isv.invalid-signature" });
        return Ok(answer(keys, &method, &refused, Dial::Normal));
    }
    let content: Value = serde_json::from_str(field(&params, "biz_content")).unwrap_or_default();
    let (body, dial) = match method.as_str() {
        "alipay.data.dataservice.bill.downloadurl.query" => {
            match bills::alipay(app, host, field(&params, "app_id"), &content).await? {
                (Asked::Body(body), dial) => (body, dial),
                (Asked::Code(code), dial) => (failed(code), dial),
            }
        }
        "alipay.trade.query" => query(app, &content).await?,
        "alipay.trade.close" => close(app, &content).await?,
        "alipay.trade.refund" => refund(app, &content).await?,
        "alipay.trade.fastpay.refund.query" => query_refund(app, &content).await?,
        "alipay.trade.precreate"
        | "alipay.trade.create"
        | "alipay.trade.pay"
        | "alipay.trade.app.pay"
        | "alipay.trade.wap.pay" => create(app, &method, &params, &content).await?,
        _ => (failed("isv.invalid-method"), Dial::Normal),
    };
    late(dial).await;
    Ok(match dial {
        Dial::ServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Dial::SystemError => {
            let unknown = json!({ "code": "20000", "sub_code": "isp.unknow-error" });
            answer(keys, &method, &unknown, dial)
        }
        _ => answer(keys, &method, &body, dial),
    })
}

/// The envelope: the object as it is written is what is signed.
fn answer(keys: &Keys, method: &str, body: &Value, dial: Dial) -> Response {
    let (name, part) = (method.replace('.', "_"), body.to_string());
    let signer = if dial == Dial::BadSignature { &keys.stranger } else { &keys.alipay };
    let sign = signer.sign(&part);
    format!("{{\"{name}_response\":{part},\"sign\":\"{sign}\"}}").into_response()
}

fn field<'a>(params: &'a Params, key: &str) -> &'a str {
    params.get(key).map(String::as_str).unwrap_or_default()
}

fn text<'a>(body: &'a Value, key: &str) -> &'a str {
    body[key].as_str().unwrap_or_default()
}

fn failed(sub_code: &str) -> Value {
    json!({ "code": "40004", "msg": "Business Failed", "sub_code": sub_code })
}

async fn create(
    app: &App,
    method: &str,
    params: &Params,
    content: &Value,
) -> Result<(Value, Dial), SandboxError> {
    let no = text(content, "out_trade_no");
    let payer = format!("{}{}", text(content, "buyer_id"), text(content, "auth_code"));
    let amount = Fen::from_yuan(text(content, "total_amount")).unwrap_or(Fen::ZERO);
    if no.is_empty() || amount <= Fen::ZERO {
        return Ok((failed("ACQ.INVALID_PARAMETER"), Dial::Normal));
    }
    let dial = app.wire_dial("Create", &[no, &payer]).await?;
    let wired = Wired {
        merchant: text(content, "seller_id").to_owned(),
        app: field(params, "app_id").to_owned(),
        notify_url: field(params, "notify_url").to_owned(),
    };
    app.wire(no, &wired).await?;
    let pay = Pay {
        channel: ALIPAY,
        channel_order_no: no.to_owned(),
        amount,
        freight: Fen::ZERO,
        payer,
        expires_at: expiry(text(content, "time_expire")),
        fixmedins_code: String::new(),
    };
    let payment = match app.create_payment(pay).await {
        Err(SandboxError::AmountDiffers) => return Ok((failed("ACQ.CONTEXT_INCONSISTENT"), dial)),
        other => other?,
    };
    let body = match (payment.state, method) {
        (State::Refused, _) => failed("ACQ.ACCESS_FORBIDDEN"),
        (_, "alipay.trade.precreate") => {
            json!({ "code": "10000", "out_trade_no": no, "qr_code": format!("https://qr.alipay.example/{no}") })
        }
        (State::Open, "alipay.trade.pay") => json!({ "code": "10003", "out_trade_no": no }),
        _ => json!({
            "code": "10000", "out_trade_no": no, "trade_no": payment.channel_trade_no,
            "total_amount": payment.amount.to_yuan(),
        }),
    };
    Ok((body, dial))
}

fn status(payment: &Payment) -> &'static str {
    match payment.state {
        State::Open => "WAIT_BUYER_PAY",
        State::Paid => "TRADE_SUCCESS",
        State::Closed | State::Refused | State::Refunded => "TRADE_CLOSED",
    }
}

fn was_paid(payment: &Payment) -> bool {
    matches!(payment.state, State::Paid | State::Refunded)
}

async fn query(app: &App, content: &Value) -> Result<(Value, Dial), SandboxError> {
    let no = text(content, "out_trade_no");
    let dial = app.wire_dial("Query", &[no]).await?;
    let found = app.query_payment(Query { channel_order_no: no.to_owned() }).await?;
    let Some(payment) = found.filter(|payment| payment.state != State::Refused) else {
        return Ok((failed("ACQ.TRADE_NOT_EXIST"), dial));
    };
    let amount = Fen(payment.amount.0 + i64::from([Dial::WrongAmount, Dial::BadSignature].contains(&dial)));
    let paid_at = if was_paid(&payment) { app.now().china_text() } else { String::new() };
    let body = json!({
        "code": "10000", "out_trade_no": no, "trade_no": payment.channel_trade_no, "trade_status": status(&payment),
        "total_amount": amount.to_yuan(), "send_pay_date": paid_at,
    });
    Ok((body, dial))
}

async fn close(app: &App, content: &Value) -> Result<(Value, Dial), SandboxError> {
    let no = text(content, "out_trade_no");
    let dial = app.wire_dial("Close", &[no]).await?;
    let closed = app.close_payment(Close { channel_order_no: no.to_owned() }).await?;
    let body = match closed.map(|payment| payment.state) {
        None | Some(State::Refused) => failed("ACQ.TRADE_NOT_EXIST"),
        Some(State::Closed) => json!({ "code": "10000", "out_trade_no": no }),
        Some(_) => failed("ACQ.TRADE_STATUS_ERROR"),
    };
    Ok((body, dial))
}

async fn refund(app: &App, content: &Value) -> Result<(Value, Dial), SandboxError> {
    let (no, refund_no) = (text(content, "out_trade_no"), text(content, "out_request_no"));
    let amount = Fen::from_yuan(text(content, "refund_amount")).unwrap_or(Fen::ZERO);
    let dial = app.wire_dial("Refund", &[no, refund_no]).await?;
    let again = app.refund_in_books(refund_no).await?.is_some();
    let (channel_order_no, number) = (no.to_owned(), refund_no.to_owned());
    let done = app.refund_payment(Refund { channel_order_no, refund_no: number, amount }).await?;
    let changed = !again && dial != Dial::Processing;
    let body = match done {
        Ok(()) => json!({
            "code": "10000", "out_trade_no": no, "refund_fee": amount.to_yuan(),
            "fund_change": if changed { "Y" } else { "N" },
        }),
        Err("NOT_FOUND") => failed("ACQ.TRADE_NOT_EXIST"),
        Err("REFUSED_BY_CHANNEL") => failed("ACQ.SELLER_BALANCE_NOT_ENOUGH"),
        Err(_) => failed("ACQ.REASON_TRADE_REFUND_FEE_ERR"),
    };
    Ok((body, dial))
}

async fn query_refund(app: &App, content: &Value) -> Result<(Value, Dial), SandboxError> {
    let (no, refund_no) = (text(content, "out_trade_no"), text(content, "out_request_no"));
    let dial = app.wire_dial("QueryRefund", &[no, refund_no]).await?;
    let found = app.refund_in_books(refund_no).await?.filter(|(own, _)| own == no);
    let body = match found {
        None => json!({ "code": "10000", "out_trade_no": no }),
        Some((_, amount)) => json!({
            "code": "10000", "out_trade_no": no, "out_request_no": refund_no, "refund_amount": amount.to_yuan(),
            "refund_status": if dial == Dial::Processing { "" } else { "REFUND_SUCCESS" },
        }),
    };
    Ok((body, dial))
}

/// A notice, signed.
pub fn notice(
    keys: &Keys,
    payment: &Payment,
    wired: &Wired,
    id: &str,
    dial: Dial,
    now: Timestamp,
) -> Option<Request<Bytes>> {
    let paid_at = if was_paid(payment) { now.china_text() } else { String::new() };
    let mut params: Params = [
        ("notify_id", id.to_owned()),
        ("notify_type", "trade_status_sync".to_owned()),
        ("notify_time", now.china_text()),
        ("charset", "utf-8".to_owned()),
        ("version", "1.0".to_owned()),
        ("app_id", wired.app.clone()),
        ("seller_id", wired.merchant.clone()),
        ("out_trade_no", payment.channel_order_no.clone()),
        ("trade_no", payment.channel_trade_no.clone()),
        ("trade_status", status(payment).to_owned()),
        ("total_amount", payment.amount.to_yuan()),
        ("gmt_payment", paid_at),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let rows = params.iter().filter(|(_, value)| !value.is_empty());
    let text: Vec<String> = rows.map(|(key, value)| format!("{key}={value}")).collect();
    let signer = if dial == Dial::BadSignature { &keys.stranger } else { &keys.alipay };
    params.insert("sign".to_owned(), signer.sign(&text.join("&")));
    params.insert("sign_type".to_owned(), "RSA2".to_owned());
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    let request =
        Request::post(&wired.notify_url).header("content-type", "application/x-www-form-urlencoded");
    request.body(Bytes::from(body)).ok()
}
