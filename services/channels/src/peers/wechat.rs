//! WeChat Pay over HTTPS: every request signed, every answer checked before it is read.

mod platform;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, response};
use liufang_kernel::Timestamp;
use liufang_platform::https::Https;
use liufang_platform::rsa::{Certified, Signer, open_gcm};
use serde_json::json;

use platform::Certificates;

use super::Moment;
use crate::domain::{Billed, Created, Form, Order, Refund, RefundSaid, Said};
use crate::wire::bill;
use crate::wire::wechat::{self, Answer, Envelope, Merchant, Noticed, Sealed, Signed};

pub use platform::Platform;

/// The channel; cheap to clone.
#[derive(Clone)]
pub struct Wechat(Arc<Inner>);

struct Inner {
    merchant: Merchant,
    signer: Signer,
    platform: Platform,
    api_v3_key: String,
    url: String,
    https: Https,
}

/// A checked answer.
struct Checked {
    status: u16,
    body: Bytes,
}

impl Checked {
    fn answer(&self) -> Answer<'_> {
        Answer { status: self.status, body: &self.body }
    }
}

impl Wechat {
    pub fn new(
        merchant: Merchant,
        signer: Signer,
        platform: Platform,
        api_v3_key: String,
        url: String,
        https: Https,
    ) -> Wechat {
        Wechat(Arc::new(Inner { merchant, signer, platform, api_v3_key, url, https }))
    }

    pub fn merchant(&self) -> &Merchant {
        &self.0.merchant
    }

    pub async fn create(&self, order: &Order, at: Moment) -> Created {
        let Some(path) = wechat::create_path(order.scene) else { return Created::Unknown };
        let Some(checked) = self.call(("POST", path, order.request.reveal()), at).await else {
            return Created::Unknown;
        };
        let (seconds, nonce) = (at.now.seconds(), at.ids.secret());
        wechat::created(order, checked.answer(), |prepay_id| {
            let sign = |text: &str| self.0.signer.sign(text);
            wechat::pay_params(&self.0.merchant, order.scene, prepay_id, (seconds, &nonce), sign)
        })
    }

    pub async fn query(&self, no: &str, at: Moment) -> Said {
        let path = format!("/v3/pay/transactions/out-trade-no/{no}?mchid={}", self.0.merchant.mchid);
        let checked = self.call(("GET", &path, ""), at).await;
        checked.map_or(Said::Unknown, |checked| wechat::said(no, checked.answer()))
    }

    /// `None`: paid meanwhile.
    pub async fn close(&self, no: &str, at: Moment) -> Option<Said> {
        let path = format!("/v3/pay/transactions/out-trade-no/{no}/close");
        let body = json!({ "mchid": self.0.merchant.mchid }).to_string();
        let checked = self.call(("POST", &path, &body), at).await;
        checked.map_or(Some(Said::Unknown), |checked| wechat::closed(checked.answer()))
    }

    pub async fn refund(&self, refund: &Refund, order: &Order, at: Moment) -> RefundSaid {
        let body = json!({
            "out_trade_no": refund.channel_order_no,
            "out_refund_no": refund.refund_no,
            "notify_url": self.0.merchant.notify_url,
            "amount": { "refund": refund.amount.0, "total": order.amount.0, "currency": "CNY" },
        });
        let checked = self.call(("POST", "/v3/refund/domestic/refunds", &body.to_string()), at).await;
        checked
            .map_or(RefundSaid::Unknown, |checked| wechat::refund_said(&refund.refund_no, checked.answer()))
    }

    pub async fn query_refund(&self, refund_no: &str, at: Moment) -> RefundSaid {
        let path = format!("/v3/refund/domestic/refunds/{refund_no}");
        let checked = self.call(("GET", &path, ""), at).await;
        checked.map_or(RefundSaid::Unknown, |checked| wechat::refund_said(refund_no, checked.answer()))
    }

    /// The trade bill of a day. Its address comes signed; the file itself is signed by nobody and held against the digest.
    pub async fn bill(&self, day: &str, at: Moment) -> Billed {
        let path = format!("/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP");
        let Some(checked) = self.call(("GET", &path, ""), at).await else { return Billed::Unknown };
        let told = match wechat::billed(&self.0.url, checked.answer()) {
            Ok(told) => told,
            Err(billed) => return billed,
        };
        let Some((parts, packed)) = self.send(("GET", &told.path, ""), at).await else {
            return Billed::Unknown;
        };
        if parts.status != StatusCode::OK {
            return Billed::Unknown;
        }
        match bill::wechat(&packed, &told.digest) {
            Ok(text) => Billed::Ready { form: Form::Wechat, text },
            Err(broken) => Billed::Broken(broken),
        }
    }

    /// A notice: its envelope and what it tells; none unless it is signed about now, sealed for us and about us.
    pub fn notice(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Option<(Envelope, Noticed, Vec<u8>)> {
        self.is_theirs(headers, body, now).then_some(())?;
        let envelope = wechat::envelope(body)?;
        let plain = self.open(&envelope.sealed)?;
        let noticed = wechat::noticed(&self.0.merchant, &plain)?;
        Some((envelope, noticed, plain))
    }

    /// Sees to it that we have the key these headers name, if the channel publishes it.
    pub async fn learn(&self, headers: &HeaderMap, at: Moment) {
        let Some(turn) = self.0.platform.due(&signed(headers).serial, at.now).await else { return };
        let Some((parts, body)) = self.send(("GET", "/v3/certificates", ""), at).await else { return };
        match self.certificates(&parts.headers, &body, at.now) {
            Some(certificates) => self.0.platform.take(turn, certificates),
            None => tracing::warn!(
                status = parts.status.as_u16(),
                "an answer without WeChat Pay's certificates, sealed for us and signed by one of them, says nothing"
            ),
        }
    }

    /// Certificates, all of them sealed for us and the whole signed about now by one of them; none otherwise.
    pub fn certificates(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Option<Certificates> {
        let mut certificates = Certificates::new();
        for (serial, sealed) in wechat::certificates(body)? {
            let certificate = Certified::from_pem(&self.open(&sealed)?).ok()?;
            if certificate.serial != serial {
                return None;
            }
            certificates.insert(serial, certificate);
        }
        let signed = signed(headers);
        let by = certificates.get(&signed.serial).filter(|certificate| certificate.is_valid(now))?;
        let genuine = by.key.verifies(&wechat::answer_text(&signed, body), &signed.signature);
        (genuine && wechat::is_fresh(&signed, now)).then_some(certificates)
    }

    /// Opens what was sealed with the APIv3 key.
    fn open(&self, sealed: &Sealed) -> Option<Vec<u8>> {
        let text = STANDARD.decode(&sealed.text).ok()?;
        let (key, nonce) = (self.0.api_v3_key.as_bytes(), sealed.nonce.as_bytes());
        open_gcm(key, nonce, sealed.context.as_bytes(), &text)
    }

    /// Sends a signed request; none without an answer. Nobody vouches for it yet.
    async fn send(&self, request: (&str, &str, &str), at: Moment) -> Option<(response::Parts, Bytes)> {
        let Inner { merchant, signer, url, https, .. } = &*self.0;
        let (method, path, body) = request;
        let nonce = at.ids.secret();
        let authorization =
            wechat::authorization(merchant, request, at.now.seconds(), &nonce, |text| signer.sign(text));
        let request = Request::builder()
            .method(method)
            .uri(format!("{url}{path}"))
            .header("authorization", authorization)
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("user-agent", "liufang")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .ok()?;
        match https.send(request).await {
            Ok(answer) => Some(answer.into_parts()),
            Err(error) => {
                tracing::info!("WeChat Pay gave no answer: {error}");
                None
            }
        }
    }

    /// Sends; none without an answer that the channel signed about now.
    async fn call(&self, request: (&str, &str, &str), at: Moment) -> Option<Checked> {
        let (parts, body) = self.send(request, at).await?;
        self.learn(&parts.headers, at).await;
        if !self.is_theirs(&parts.headers, &body, at.now) {
            tracing::warn!(
                status = parts.status.as_u16(),
                "an answer without WeChat Pay's signature says nothing"
            );
            return None;
        }
        Some(Checked { status: parts.status.as_u16(), body })
    }

    fn is_theirs(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
        let signed = signed(headers);
        let Some(key) = self.0.platform.key(&signed.serial, now) else { return false };
        wechat::is_fresh(&signed, now) && key.verifies(&wechat::answer_text(&signed, body), &signed.signature)
    }
}

fn signed(headers: &HeaderMap) -> Signed {
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    Signed {
        timestamp: text("wechatpay-timestamp"),
        nonce: text("wechatpay-nonce"),
        serial: text("wechatpay-serial"),
        signature: text("wechatpay-signature"),
    }
}
