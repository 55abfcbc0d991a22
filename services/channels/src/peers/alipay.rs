//! Alipay over HTTPS: every request signed, every answer checked before it is read.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use liufang_kernel::Sensitive;
use liufang_platform::https::Https;
use liufang_platform::rsa::{Signer, Verifier};
use serde_json::json;

use super::Moment;
use crate::domain::{Billed, Broken, Created, Form, Order, Refund, RefundSaid, Said};
use crate::wire::alipay::{self, Answer, Merchant, Noticed, Params};
use crate::wire::bill;

/// The channel; cheap to clone.
#[derive(Clone)]
pub struct Alipay(Arc<Inner>);

struct Inner {
    merchant: Merchant,
    signer: Signer,
    public: Verifier,
    url: String,
    https: Https,
}

impl Alipay {
    pub fn new(merchant: Merchant, signer: Signer, public: Verifier, url: String, https: Https) -> Alipay {
        Alipay(Arc::new(Inner { merchant, signer, public, url, https }))
    }

    pub fn merchant(&self) -> &Merchant {
        &self.0.merchant
    }

    pub async fn create(&self, order: &Order, at: Moment) -> Created {
        let method = alipay::create_method(order.scene);
        if alipay::is_handed_over(order.scene) {
            let form = self.form(method, order.request.reveal(), at);
            let params = json!({ "orderStr": form, "gateway": self.0.url });
            return Created::Open(Sensitive::new(params.to_string()));
        }
        let answer = self.call(method, order.request.reveal(), at).await;
        answer.map_or(Created::Unknown, |answer| alipay::created(order, &answer))
    }

    pub async fn query(&self, no: &str, at: Moment) -> Said {
        let content = json!({ "out_trade_no": no }).to_string();
        let answer = self.call("alipay.trade.query", &content, at).await;
        answer.map_or(Said::Unknown, |answer| alipay::said(no, &answer))
    }

    /// `None`: paid meanwhile.
    pub async fn close(&self, no: &str, at: Moment) -> Option<Said> {
        let content = json!({ "out_trade_no": no }).to_string();
        let answer = self.call("alipay.trade.close", &content, at).await;
        answer.map_or(Some(Said::Unknown), |answer| alipay::closed(&answer))
    }

    pub async fn refund(&self, refund: &Refund, at: Moment) -> RefundSaid {
        let content = json!({
            "out_trade_no": refund.channel_order_no,
            "out_request_no": refund.refund_no,
            "refund_amount": refund.amount.to_yuan(),
        });
        let answer = self.call("alipay.trade.refund", &content.to_string(), at).await;
        answer.map_or(RefundSaid::Unknown, |answer| alipay::refunded(&refund.channel_order_no, &answer))
    }

    pub async fn query_refund(&self, refund: &Refund, at: Moment) -> RefundSaid {
        let content = json!({
            "out_trade_no": refund.channel_order_no,
            "out_request_no": refund.refund_no,
        });
        let answer = self.call("alipay.trade.fastpay.refund.query", &content.to_string(), at).await;
        answer.map_or(RefundSaid::Unknown, |answer| alipay::refund_said(&refund.refund_no, &answer))
    }

    /// The 业务明细 of a day. Its address comes signed and is good for half a minute; the archive has check sums alone.
    pub async fn bill(&self, day: &str, at: Moment) -> Billed {
        let content = json!({ "bill_type": "trade", "bill_date": day }).to_string();
        let asked = self.call("alipay.data.dataservice.bill.downloadurl.query", &content, at).await;
        let address = match asked.map_or(Err(Billed::Unknown), |answer| alipay::billed(&answer)) {
            Ok(address) if bill::is_safe(&self.0.url, &address) => address,
            Ok(_) => return Billed::Broken(Broken::Address),
            Err(billed) => return billed,
        };
        let request = Request::builder().method("GET").uri(address).header("user-agent", "liufang");
        let Ok(request) = request.body(Bytes::new()) else { return Billed::Broken(Broken::Address) };
        let archive = match self.0.https.send(request).await {
            Ok(answer) if answer.status() == StatusCode::OK => answer.into_body(),
            Ok(_) => return Billed::Unknown,
            Err(error) => {
                tracing::info!("Alipay gave no file: {error}");
                return Billed::Unknown;
            }
        };
        match bill::alipay(&archive) {
            Ok(text) => Billed::Ready { form: Form::Alipay, text },
            Err(broken) => Billed::Broken(broken),
        }
    }

    /// What a notice tells; none unless it is signed by the channel and about us.
    pub fn notice(&self, body: &[u8]) -> Option<Noticed> {
        let params: Params = form_urlencoded::parse(body).into_owned().collect();
        let signature = params.get("sign")?;
        let text = alipay::signed_text(&params, &["sign", "sign_type"]);
        self.0.public.verifies(text.as_bytes(), signature).then_some(())?;
        alipay::noticed(&self.0.merchant, &params)
    }

    fn form(&self, method: &str, content: &str, at: Moment) -> String {
        let signer = &self.0.signer;
        let params = alipay::request(&self.0.merchant, method, content, at.now, |text| signer.sign(text));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
    }

    /// Sends; none without an answer that the channel signed.
    async fn call(&self, method: &str, content: &str, at: Moment) -> Option<Answer> {
        let form = self.form(method, content, at);
        let request = Request::builder()
            .method("POST")
            .uri(format!("{}?charset=utf-8", self.0.url))
            .header("content-type", "application/x-www-form-urlencoded;charset=utf-8")
            .header("user-agent", "liufang")
            .body(Bytes::from(form))
            .ok()?;
        let answer = match self.0.https.send(request).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::info!("Alipay gave no answer: {error}");
                return None;
            }
        };
        let body = std::str::from_utf8(answer.body()).ok()?;
        let signed = alipay::signed_part(method, body);
        match signed.filter(|(part, signature)| self.0.public.verifies(part.as_bytes(), signature)) {
            Some((part, _)) => Some(Answer::read(part)),
            None => {
                let status = answer.status().as_u16();
                tracing::warn!(status, "an answer without Alipay's signature says nothing");
                None
            }
        }
    }
}
