//! Alipay's open interface as text: requests, answers, notices. Pure; keys and clocks are handed in.
//!
//! Amounts are yuan with two decimals. An answer's signature is over the bytes between the braces as they came; they are cut
//! out, never written anew. Source: Alipay's open platform documents (RSA2 signing, alipay.trade.*, asynchronous notices).

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Sensitive, Timestamp};
use serde_json::{Value, json};

use crate::domain::{Billed, Created, Order, RefundSaid, Said, Scene};

/// Sub-codes that say: this request will never be done.
const REFUSALS: [&str; 12] = [
    "ACQ.INVALID_PARAMETER",
    "ACQ.ACCESS_FORBIDDEN",
    "ACQ.EXIST_FORBIDDEN_WORD",
    "ACQ.PARTNER_ERROR",
    "ACQ.TOTAL_FEE_EXCEED",
    "ACQ.CONTEXT_INCONSISTENT",
    "ACQ.TRADE_HAS_CLOSE",
    "ACQ.BUYER_BALANCE_NOT_ENOUGH",
    "ACQ.PAYMENT_AUTH_CODE_INVALID",
    "ACQ.SELLER_BALANCE_NOT_ENOUGH",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
    "ACQ.REASON_TRADE_REFUND_FEE_ERR",
];

/// Who we are at the channel.
#[derive(Clone, Debug, Default)]
pub struct Merchant {
    pub app_id: String,
    pub seller_id: String,
    pub notify_url: String,
}

/// Parameters by name; what a signature is over goes by the alphabet.
pub type Params = BTreeMap<String, String>;

/// What a signature is over: `a=1&b=2`, sorted, without empty values and those named.
pub fn signed_text(params: &Params, without: &[&str]) -> String {
    let taken = params.iter().filter(|(key, value)| !value.is_empty() && !without.contains(&key.as_str()));
    taken.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}

/// A whole request, signed.
pub fn request(
    merchant: &Merchant,
    method: &str,
    content: &str,
    now: Timestamp,
    sign: impl Fn(&str) -> String,
) -> Params {
    let mut params: Params = [
        ("app_id", merchant.app_id.as_str()),
        ("method", method),
        ("format", "JSON"),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("timestamp", &now.china_text()),
        ("version", "1.0"),
        ("notify_url", &merchant.notify_url),
        ("biz_content", content),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let signature = sign(&signed_text(&params, &["sign"]));
    params.insert("sign".to_owned(), signature);
    params
}

/// The method that creates an order of a scene.
pub const fn create_method(scene: Scene) -> &'static str {
    match scene {
        Scene::Qr => "alipay.trade.precreate",
        Scene::InApp => "alipay.trade.create",
        Scene::App => "alipay.trade.app.pay",
        Scene::Web => "alipay.trade.wap.pay",
        Scene::AuthCode => "alipay.trade.pay",
    }
}

/// Whether the payer's app, not we, takes the request to the channel.
pub const fn is_handed_over(scene: Scene) -> bool {
    matches!(scene, Scene::App | Scene::Web)
}

/// What is asked for an order.
pub struct New<'a> {
    pub no: &'a str,
    pub scene: Scene,
    pub amount: Fen,
    pub expires_at: Timestamp,
    /// Buyer id, or the code shown at the counter.
    pub payer: &'a str,
}

/// `biz_content` that creates an order; none when the scene needs a payer and none is named.
pub fn create_content(merchant: &Merchant, new: &New<'_>) -> Option<String> {
    let mut body = json!({
        "out_trade_no": new.no,
        "total_amount": new.amount.to_yuan(),
        "subject": "医药费用",
        "time_expire": new.expires_at.china_text(),
        "seller_id": merchant.seller_id,
    });
    match new.scene {
        Scene::InApp | Scene::AuthCode if new.payer.is_empty() => return None,
        Scene::InApp => {
            body["buyer_id"] = new.payer.into();
            body["product_code"] = "JSAPI_PAY".into();
        }
        Scene::AuthCode => {
            body["auth_code"] = new.payer.into();
            body["scene"] = "bar_code".into();
        }
        Scene::App => body["product_code"] = "QUICK_MSECURITY_PAY".into(),
        Scene::Web => body["product_code"] = "QUICK_WAP_WAY".into(),
        Scene::Qr => {}
    }
    Some(body.to_string())
}

/// The raw bytes an answer's signature is over, and the signature. `method` is that of the request.
pub fn signed_part<'a>(method: &str, body: &'a str) -> Option<(&'a str, String)> {
    let name = format!("\"{}_response\":", method.replace('.', "_"));
    let (_, rest) = body.split_once(&name)?;
    let rest = rest.trim_start();
    let end = object_end(rest)?;
    let whole: Value = serde_json::from_str(body).ok()?;
    // cut out and read must be the same object: a name inside a text must not lead astray
    let read = whole.get(name.trim_matches(['"', ':']))?;
    let cut: Value = serde_json::from_str(rest.get(..end)?).ok()?;
    let signature = whole["sign"].as_str()?.to_owned();
    (cut == *read).then_some((rest.get(..end)?, signature))
}

/// Where the object at the beginning of `text` ends; braces inside strings do not count.
fn object_end(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// A checked answer.
#[derive(Clone, Debug)]
pub struct Answer(Value);

impl Answer {
    pub fn read(part: &str) -> Answer {
        Answer(serde_json::from_str(part).unwrap_or_default())
    }

    fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    fn is_ok(&self) -> bool {
        self.text("code") == "10000"
    }

    fn refusal(&self) -> Option<String> {
        let (code, sub) = (self.text("code"), self.text("sub_code"));
        (code == "40004" && REFUSALS.contains(&sub)).then(|| sub.to_owned())
    }

    fn yuan(&self, key: &str) -> Option<Fen> {
        yuan(self.text(key))
    }
}

/// Yuan with at most two decimals and no sign.
fn yuan(text: &str) -> Option<Fen> {
    Fen::from_yuan(text).ok().filter(|fen| *fen >= Fen::ZERO)
}

/// What an answer to creating an order says.
pub fn created(order: &Order, answer: &Answer) -> Created {
    if let Some(code) = answer.refusal() {
        return Created::Refused(code);
    }
    let open = |params: Value| Created::Open(Sensitive::new(params.to_string()));
    let is_ours = answer.text("out_trade_no") == order.channel_order_no;
    match (order.scene, answer.text("code")) {
        (_, "10000" | "10003") if !is_ours => Created::Unknown,
        (Scene::Qr, "10000") if !answer.text("qr_code").is_empty() => {
            open(json!({ "qr_code": answer.text("qr_code") }))
        }
        (Scene::InApp, "10000") if !answer.text("trade_no").is_empty() => {
            open(json!({ "tradeNO": answer.text("trade_no") }))
        }
        (Scene::AuthCode, "10000") => match answer.yuan("total_amount") {
            Some(amount) => Created::Paid { amount, trade_no: answer.text("trade_no").to_owned() },
            None => Created::Unknown,
        },
        // the payer types a password
        (Scene::AuthCode, "10003") => open(json!({})),
        _ => Created::Unknown,
    }
}

/// How an order stands by a query's answer.
pub fn said(no: &str, answer: &Answer) -> Said {
    if answer.text("sub_code") == "ACQ.TRADE_NOT_EXIST" {
        return Said::NotFound;
    }
    if !answer.is_ok() || answer.text("out_trade_no") != no {
        return Said::Unknown;
    }
    let paid_once = !answer.text("send_pay_date").is_empty();
    trade(answer.text("trade_status"), answer.yuan("total_amount"), answer.text("trade_no"), paid_once)
}

fn trade(status: &str, amount: Option<Fen>, trade_no: &str, paid_once: bool) -> Said {
    let trade_no = trade_no.to_owned();
    match (status, amount) {
        ("WAIT_BUYER_PAY", _) => Said::Open,
        ("TRADE_SUCCESS" | "TRADE_FINISHED", Some(amount)) => Said::Paid { amount, trade_no },
        // one word for unpaid and closed, and for paid and given back whole
        ("TRADE_CLOSED", Some(amount)) if paid_once => Said::Returned { amount, trade_no },
        ("TRADE_CLOSED", _) if !paid_once => Said::Closed,
        _ => Said::Unknown,
    }
}

/// What an answer to closing says; `None`: paid meanwhile, ask.
pub fn closed(answer: &Answer) -> Option<Said> {
    match answer.text("sub_code") {
        "ACQ.TRADE_NOT_EXIST" => Some(Said::NotFound),
        "ACQ.TRADE_STATUS_ERROR" | "ACQ.REASON_TRADE_STATUS_INVALID" => None,
        "" if answer.is_ok() => Some(Said::Closed),
        _ => Some(Said::Unknown),
    }
}

/// How a refund stands by the answer to asking for it. `fund_change` N proves nothing: a repeat of one that is done says N.
pub fn refunded(no: &str, answer: &Answer) -> RefundSaid {
    if let Some(code) = answer.refusal() {
        return RefundSaid::Refused(code);
    }
    match answer.is_ok() && answer.text("out_trade_no") == no {
        true if answer.text("fund_change") == "Y" => RefundSaid::Accepted,
        true => RefundSaid::Processing,
        false => RefundSaid::Unknown,
    }
}

/// How a refund stands by the answer to asking about it.
pub fn refund_said(refund_no: &str, answer: &Answer) -> RefundSaid {
    match answer.text("sub_code") {
        "ACQ.TRADE_NOT_EXIST" | "ACQ.REFUND_NOT_EXIST" => return RefundSaid::NotFound,
        _ if !answer.is_ok() => return RefundSaid::Unknown,
        _ => {}
    }
    match answer.text("out_request_no") {
        // an answer without a refund: there is none under this number
        "" => RefundSaid::NotFound,
        number if number != refund_no => RefundSaid::Unknown,
        _ if answer.text("refund_status") == "REFUND_SUCCESS" => RefundSaid::Accepted,
        _ => RefundSaid::Processing,
    }
}

/// What an answer to asking for a day's bill says: where the archive is, or what there is instead of one.
pub fn billed(answer: &Answer) -> Result<String, Billed> {
    match (answer.text("sub_code"), answer.text("bill_download_url")) {
        ("isp.bill_not_exist" | "BILL_NOT_EXIST", _) => Err(Billed::Nothing),
        (_, address) if answer.is_ok() && !address.is_empty() => Ok(address.to_owned()),
        _ => Err(Billed::Unknown),
    }
}

/// A notice whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noticed {
    pub id: String,
    pub no: String,
    pub said: Said,
}

/// What a notice tells; none when it is not for this merchant.
pub fn noticed(merchant: &Merchant, params: &Params) -> Option<Noticed> {
    let text = |key: &str| params.get(key).map(String::as_str).unwrap_or_default();
    let for_us = text("app_id") == merchant.app_id && text("seller_id") == merchant.seller_id;
    if !for_us || text("notify_id").is_empty() || text("notify_id").len() > 128 {
        return None;
    }
    let paid_once = !text("gmt_payment").is_empty();
    let said = trade(text("trade_status"), yuan(text("total_amount")), text("trade_no"), paid_once);
    Some(Noticed { id: text("notify_id").to_owned(), no: text("out_trade_no").to_owned(), said })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_is_sorted_and_without_empty_values() {
        let params: Params = [("b", "2"), ("a", "1"), ("sign", "x"), ("c", "")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        assert_eq!(signed_text(&params, &["sign"]), "a=1&b=2");
    }

    #[test]
    fn the_signed_part_is_cut_as_it_came() {
        let body =
            r#"{"alipay_trade_query_response": {"code":"10000", "s":"a}\"{", "o":{"x":1}},"sign":"S"}"#;
        let (part, sign) = signed_part("alipay.trade.query", body).unwrap();
        assert_eq!((part, sign.as_str()), (r#"{"code":"10000", "s":"a}\"{", "o":{"x":1}}"#, "S"));
        assert_eq!(signed_part("alipay.trade.close", body), None);
    }

    #[test]
    fn a_name_inside_a_text_does_not_lead_astray() {
        let body = r#"{"a":"\"alipay_trade_query_response\":{}","x":"alipay_trade_query_response\":{\"code\":\"10000\"}","alipay_trade_query_response":{"code":"1"},"sign":"S"}"#;
        assert!(signed_part("alipay.trade.query", body).is_none_or(|(part, _)| part == r#"{"code":"1"}"#));
        let twice = r#"{"alipay_trade_query_response":{"code":"10000"},"alipay_trade_query_response":{"code":"1"},"sign":"S"}"#;
        assert_eq!(signed_part("alipay.trade.query", twice), None);
    }

    #[test]
    fn closed_after_a_payment_is_not_closed_unpaid() {
        let read = |date: &str| {
            let body = json!({ "code": "10000", "out_trade_no": "N", "trade_status": "TRADE_CLOSED",
                "total_amount": "5.00", "trade_no": "T", "send_pay_date": date });
            said("N", &Answer(body))
        };
        assert_eq!(read(""), Said::Closed);
        assert_eq!(read("2026-01-01 00:00:00"), Said::Returned { amount: Fen(500), trade_no: "T".into() });
    }

    #[test]
    fn unknown_codes_and_odd_amounts_say_nothing() {
        for sub in ["ACQ.SYSTEM_ERROR", "isp.unknow-error", "aop.ACQ.SYSTEM_ERROR", "ACQ.SOMETHING_NEW"] {
            let answer = Answer(json!({ "code": "40004", "sub_code": sub, "out_trade_no": "N" }));
            assert_eq!(said("N", &answer), Said::Unknown, "{sub}");
            assert_eq!(refunded("N", &answer), RefundSaid::Unknown, "{sub}");
        }
        for amount in ["5.001", "-5.00", "five", "", "5e2"] {
            assert_eq!(trade("TRADE_SUCCESS", yuan(amount), "T", true), Said::Unknown, "{amount}");
        }
    }

    proptest! {
        /// Whatever comes, cutting never panics, and what it cuts is what a reader of JSON reads.
        #[test]
        fn the_cutter_stands_anything(body in ".{0,200}", inner in "[{}\"\\\\a:,]{0,40}") {
            let _ = signed_part("alipay.trade.query", &body);
            let made = format!("{{\"alipay_trade_query_response\":{inner},\"sign\":\"S\"}}");
            if let Some((part, _)) = signed_part("alipay.trade.query", &made) {
                prop_assert!(serde_json::from_str::<Value>(part).is_ok());
            }
        }
    }
}
