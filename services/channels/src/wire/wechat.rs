//! WeChat Pay v3 as text: requests, answers, notices. Pure; keys and clocks are handed in.
//!
//! Amounts are whole fen. An answer is read only after its signature was checked over the raw bytes; what is not signed says
//! nothing, so it is never a refusal. Source: WeChat Pay's merchant documents (v3 signing rules, JSAPI/APP/H5/Native
//! ordering, query, close, refund, notices).

use liufang_kernel::{Fen, Sensitive, Timestamp};
use serde_json::{Value, json};

use super::bill;
use crate::domain::{Billed, Created, Order, RefundSaid, Said, Scene};

/// The scheme's name in `Authorization`.
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// A signature older or newer than this is not taken.
const FRESH_S: i64 = 300;
/// Codes that say: this request will never be done. Everything else may be done yet.
const REFUSALS: [&str; 9] = [
    "PARAM_ERROR",
    "INVALID_REQUEST",
    "APPID_MCHID_NOT_MATCH",
    "MCH_NOT_EXISTS",
    "NO_AUTH",
    "RULE_LIMIT",
    "OPENID_MISMATCH",
    "NOT_ENOUGH",
    "USER_ACCOUNT_ABNORMAL",
];

/// Who we are at the channel.
#[derive(Clone, Debug, Default)]
pub struct Merchant {
    pub mchid: String,
    pub appid: String,
    /// Of the certificate whose key signs.
    pub serial: String,
    pub notify_url: String,
}

/// What the signature of a request is over.
pub fn request_text(method: &str, path: &str, timestamp: i64, nonce: &str, body: &str) -> String {
    format!("{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n")
}

/// The `Authorization` header of a request; `sign` signs a text.
pub fn authorization(
    merchant: &Merchant,
    request: (&str, &str, &str),
    timestamp: i64,
    nonce: &str,
    sign: impl Fn(&str) -> String,
) -> String {
    let (method, path, body) = request;
    let signature = sign(&request_text(method, path, timestamp, nonce, body));
    let Merchant { mchid, serial, .. } = merchant;
    format!(
        "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",serial_no=\"{serial}\",signature=\"{signature}\""
    )
}

/// Headers that sign an answer or a notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    pub timestamp: String,
    pub nonce: String,
    pub serial: String,
    pub signature: String,
}

/// What the signature of an answer or a notice is over: the raw bytes, before anything reads them.
pub fn answer_text(signed: &Signed, body: &[u8]) -> Vec<u8> {
    let mut text = format!("{}\n{}\n", signed.timestamp, signed.nonce).into_bytes();
    text.extend_from_slice(body);
    text.push(b'\n');
    text
}

/// Whether the signature was made about now.
pub fn is_fresh(signed: &Signed, now: Timestamp) -> bool {
    let at = signed.timestamp.parse::<i64>().ok().filter(|at| (0..=1 << 40).contains(at));
    at.is_some_and(|at| (now.seconds() - at).abs() <= FRESH_S)
}

/// Where an order of this scene is created; none where the channel has no such scene.
pub fn create_path(scene: Scene) -> Option<&'static str> {
    match scene {
        Scene::Qr => Some("/v3/pay/transactions/native"),
        Scene::InApp => Some("/v3/pay/transactions/jsapi"),
        Scene::App => Some("/v3/pay/transactions/app"),
        // H5 wants the address of the payer's device, which does not come this far
        Scene::Web | Scene::AuthCode => None,
    }
}

/// What is asked for an order.
pub struct New<'a> {
    pub no: &'a str,
    pub scene: Scene,
    pub amount: Fen,
    pub expires_at: Timestamp,
    /// openid.
    pub payer: &'a str,
}

/// The body that creates an order; none when the scene needs a payer and none is named.
pub fn create_body(merchant: &Merchant, new: &New<'_>) -> Option<String> {
    create_path(new.scene)?;
    let mut body = json!({
        "appid": merchant.appid,
        "mchid": merchant.mchid,
        // nothing of what was bought: the channel has no need of anybody's illness
        "description": "医药费用",
        "out_trade_no": new.no,
        "time_expire": rfc3339(new.expires_at),
        "notify_url": merchant.notify_url,
        "amount": { "total": new.amount.0, "currency": "CNY" },
    });
    match new.scene {
        Scene::InApp if new.payer.is_empty() => return None,
        Scene::InApp => body["payer"] = json!({ "openid": new.payer }),
        _ => {}
    }
    Some(body.to_string())
}

fn rfc3339(at: Timestamp) -> String {
    format!("{}+08:00", at.china_text().replace(' ', "T"))
}

/// A signed answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Answer<'_> {
    fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or_default()
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Refused for good, with the code.
    fn refusal(&self) -> Option<String> {
        let code = self.code();
        ((400..500).contains(&self.status) && REFUSALS.contains(&code.as_str())).then_some(code)
    }

    fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What an answer to creating an order says. `pay` makes the payer's parameters of a prepay id.
pub fn created(order: &Order, answer: Answer<'_>, pay: impl Fn(&str) -> Value) -> Created {
    if let Some(code) = answer.refusal() {
        return Created::Refused(code);
    }
    if !answer.is_ok() {
        return Created::Unknown;
    }
    let body = answer.json();
    let text = |key: &str| body[key].as_str().filter(|text| !text.is_empty());
    let params = match order.scene {
        Scene::Qr => text("code_url").map(|url| json!({ "code_url": url })),
        _ => text("prepay_id").map(pay),
    };
    params.map_or(Created::Unknown, |params| Created::Open(Sensitive::new(params.to_string())))
}

/// What the payer's app hands over for a prepay id: signed, so that nobody changes it on the way.
pub fn pay_params(
    merchant: &Merchant,
    scene: Scene,
    prepay_id: &str,
    stamp: (i64, &str),
    sign: impl Fn(&str) -> String,
) -> Value {
    let (timestamp, nonce) = stamp;
    let appid = &merchant.appid;
    if scene == Scene::App {
        let signature = sign(&format!("{appid}\n{timestamp}\n{nonce}\n{prepay_id}\n"));
        return json!({
            "appid": appid, "partnerid": merchant.mchid, "prepayid": prepay_id, "package": "Sign=WXPay",
            "noncestr": nonce, "timestamp": timestamp.to_string(), "sign": signature,
        });
    }
    let package = format!("prepay_id={prepay_id}");
    let signature = sign(&format!("{appid}\n{timestamp}\n{nonce}\n{package}\n"));
    json!({
        "appId": appid, "timeStamp": timestamp.to_string(), "nonceStr": nonce, "package": package,
        "signType": "RSA", "paySign": signature,
    })
}

/// How an order stands by a query's answer.
pub fn said(no: &str, answer: Answer<'_>) -> Said {
    if answer.status == 404 && ["ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"].contains(&answer.code().as_str()) {
        return Said::NotFound;
    }
    if answer.is_ok() { transaction(no, &answer.json()) } else { Said::Unknown }
}

/// How an order stands by a transaction object, of a query or a notice.
fn transaction(no: &str, body: &Value) -> Said {
    if body["out_trade_no"].as_str() != Some(no) {
        return Said::Unknown;
    }
    let amount = body["amount"]["total"].as_i64().map(Fen);
    let trade_no = body["transaction_id"].as_str().unwrap_or_default().to_owned();
    match (body["trade_state"].as_str().unwrap_or_default(), amount) {
        ("SUCCESS", Some(amount)) => Said::Paid { amount, trade_no },
        ("REFUND", Some(amount)) => Said::Returned { amount, trade_no },
        // a payer whose payment failed may try again until the order closes
        ("NOTPAY" | "USERPAYING" | "PAYERROR", _) => Said::Open,
        ("CLOSED" | "REVOKED", _) => Said::Closed,
        _ => Said::Unknown,
    }
}

/// What an answer to closing says; `None`: paid meanwhile, ask.
pub fn closed(answer: Answer<'_>) -> Option<Said> {
    match (answer.status, answer.code().as_str()) {
        (204, _) => Some(Said::Closed),
        (_, "ORDER_CLOSED" | "ORDERCLOSED") => Some(Said::Closed),
        (404, "ORDER_NOT_EXIST" | "RESOURCE_NOT_EXISTS") => Some(Said::NotFound),
        (_, "ORDERPAID" | "ORDER_PAID") => None,
        _ => Some(Said::Unknown),
    }
}

/// How a refund stands by an answer to asking for it, or about it.
pub fn refund_said(refund_no: &str, answer: Answer<'_>) -> RefundSaid {
    let code = answer.code();
    if answer.status == 404 && code == "RESOURCE_NOT_EXISTS" {
        return RefundSaid::NotFound;
    }
    if let Some(code) = answer.refusal() {
        return RefundSaid::Refused(code);
    }
    let body = answer.json();
    if !answer.is_ok() || body["out_refund_no"].as_str() != Some(refund_no) {
        return RefundSaid::Unknown;
    }
    match body["status"].as_str().unwrap_or_default() {
        "SUCCESS" => RefundSaid::Accepted,
        "PROCESSING" => RefundSaid::Processing,
        // the payer's account takes nothing: the merchant's staff sends the money another way
        status @ ("ABNORMAL" | "CLOSED") => RefundSaid::Refused(status.to_owned()),
        _ => RefundSaid::Unknown,
    }
}

/// What an answer to asking for a day's trade bill says: where the file is, or what there is instead of one.
pub fn billed(url: &str, answer: Answer<'_>) -> Result<bill::Told, Billed> {
    match answer.code().as_str() {
        "NO_STATEMENT_EXIST" => Err(Billed::Nothing),
        "STATEMENT_CREATING" => Err(Billed::NotReady),
        _ if !answer.is_ok() => Err(Billed::Unknown),
        _ => bill::told(url, &answer.json()).map_err(Billed::Broken),
    }
}

/// What is sealed with the APIv3 key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub nonce: String,
    pub context: String,
    /// Base64.
    pub text: String,
}

fn sealed(resource: &Value) -> Option<Sealed> {
    let text = |key: &str| resource[key].as_str().map(str::to_owned);
    if resource["algorithm"].as_str() != Some("AEAD_AES_256_GCM") {
        return None;
    }
    Some(Sealed {
        nonce: text("nonce").filter(|nonce| nonce.len() == 12)?,
        context: text("associated_data").unwrap_or_default(),
        text: text("ciphertext")?,
    })
}

/// The channel's certificates by serial, as they come from `/v3/certificates`; none unless all of them can be read.
pub fn certificates(body: &[u8]) -> Option<Vec<(String, Sealed)>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let certificate =
        |row: &Value| Some((row["serial_no"].as_str()?.to_owned(), sealed(&row["encrypt_certificate"])?));
    body["data"].as_array()?.iter().map(certificate).collect()
}

/// A notice's envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub id: String,
    pub sealed: Sealed,
}

/// Reads the envelope of a notice whose signature was checked.
pub fn envelope(body: &[u8]) -> Option<Envelope> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let id = body["id"].as_str().filter(|id| (1..=64).contains(&id.len()))?.to_owned();
    Some(Envelope { id, sealed: sealed(&body["resource"])? })
}

/// What an opened notice tells of which order; none when it is not for this merchant or tells nothing we know.
pub fn noticed(merchant: &Merchant, plain: &[u8]) -> Option<Noticed> {
    let body: Value = serde_json::from_slice(plain).ok()?;
    if body["mchid"].as_str() != Some(&merchant.mchid) {
        return None;
    }
    let no = body["out_trade_no"].as_str()?.to_owned();
    if let Some(refund_no) = body["out_refund_no"].as_str() {
        let done = body["refund_status"].as_str() == Some("SUCCESS");
        return Some(Noticed { no, said: None, refund: done.then(|| refund_no.to_owned()) });
    }
    if body["appid"].as_str() != Some(&merchant.appid) {
        return None;
    }
    let said = transaction(&no, &body);
    Some(Noticed { no, said: Some(said), refund: None })
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noticed {
    pub no: String,
    /// Of the order.
    pub said: Option<Said>,
    /// Number of a refund that is done.
    pub refund: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of "签名生成" in WeChat Pay's v3 developer documents.
    #[test]
    fn the_published_example_is_signed_over_its_five_lines() {
        let text =
            request_text("GET", "/v3/certificates", 1_554_208_460, "593BEC0C930BF1AFEB40B4A08C8FB242", "");
        assert_eq!(text, "GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n");
    }

    fn answer(status: u16, body: &'static str) -> Answer<'static> {
        Answer { status, body: body.as_bytes() }
    }

    #[test]
    fn nothing_but_a_listed_code_is_a_refusal() {
        for (status, code) in [
            (500, "SYSTEM_ERROR"),
            (429, "FREQUENCY_LIMITED"),
            (429, "RATELIMIT_EXCEEDED"),
            (401, "SIGN_ERROR"),
            (403, "SOMETHING_NEW"),
            (500, "PARAM_ERROR"),
        ] {
            let body = format!("{{\"code\":\"{code}\"}}");
            let answer = Answer { status, body: body.as_bytes() };
            assert_eq!(said("N", answer), Said::Unknown, "{code}");
            assert_eq!(refund_said("R", answer), RefundSaid::Unknown, "{code}");
        }
        let refused = answer(403, r#"{"code":"NOT_ENOUGH"}"#);
        assert_eq!(refund_said("R", refused), RefundSaid::Refused("NOT_ENOUGH".into()));
        assert_eq!(said("N", answer(404, r#"{"code":"ORDER_NOT_EXIST"}"#)), Said::NotFound);
        assert_eq!(said("N", answer(404, "<html>")), Said::Unknown);
    }

    #[test]
    fn an_answer_about_another_order_says_nothing() {
        let body = r#"{"out_trade_no":"M","trade_state":"SUCCESS","amount":{"total":1}}"#;
        assert_eq!(said("N", answer(200, body)), Said::Unknown);
        let refund = r#"{"out_refund_no":"Q","status":"SUCCESS"}"#;
        assert_eq!(refund_said("R", answer(200, refund)), RefundSaid::Unknown);
    }

    #[test]
    fn a_payment_without_an_amount_in_whole_fen_is_none() {
        for amount in ["{}", r#"{"total":"100"}"#, r#"{"total":1.5}"#, "null"] {
            let body = format!(r#"{{"out_trade_no":"N","trade_state":"SUCCESS","amount":{amount}}}"#);
            assert_eq!(said("N", Answer { status: 200, body: body.as_bytes() }), Said::Unknown, "{amount}");
        }
    }

    #[test]
    fn six_minutes_are_too_many() {
        let signed = |at: i64| Signed { timestamp: at.to_string(), ..Signed::default() };
        let now = Timestamp(1_000_000_000_000_000);
        assert!(is_fresh(&signed(1_000_000_000), now) && is_fresh(&signed(999_999_700), now));
        for at in [999_999_699, 1_000_000_301, -1, i64::MIN, i64::MAX] {
            assert!(!is_fresh(&signed(at), now), "{at}");
        }
        assert!(!is_fresh(&Signed { timestamp: "soon".into(), ..Signed::default() }, now));
    }
}
