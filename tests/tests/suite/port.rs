//! Settlement's ports inside mutual TLS, called as the order role calls them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use liufang::client::{Answer, Refusal};
use liufang_platform::mesh::MeshKey;
use liufang_proto::common::v1::Channel as PaidBy;
use liufang_proto::settlement::v1::payment_service_client::PaymentServiceClient;
use liufang_proto::settlement::v1::quote_service_client::QuoteServiceClient;
use liufang_proto::settlement::v1::{
    AuthoriseRequest, CaptureRequest, CreateQuoteRequest, GetPaymentRequest, KeptLine, OutsideFee, Payment,
    Quote, RefundRequest, ReturnedLine, VoidRequest,
};
use liufang_tests::processes::Processes;
use tonic::transport::Channel;
use tonic::{Code, Request};

use super::mtls;

/// What the account pays of each pack, and the channel for the delivery.
pub const ACCOUNT: i64 = 1_558;
pub const DELIVERY: i64 = 500;

/// Connections to some replicas, used in turn.
pub struct Port {
    replicas: Vec<Channel>,
    next: AtomicUsize,
}

fn delivery() -> OutsideFee {
    OutsideFee { kind: "delivery".to_owned(), amount_fen: DELIVERY, name: String::new() }
}

/// The certificate may speak for several roles: the caller says for which.
fn request<T>(body: T) -> Request<T> {
    let mut request = Request::new(body);
    request.metadata_mut().insert(MeshKey::HEADER, "order".parse().expect("a role"));
    request
}

fn keyed<T>(body: T, key: &str) -> Request<T> {
    let mut request = request(body);
    request.metadata_mut().insert("idempotency-key", key.parse().expect("a key of letters"));
    request
}

impl Port {
    /// To the given replicas, which must be running.
    pub async fn of(processes: &Processes, replicas: &[usize]) -> Port {
        let own = processes.authority.role(&["order"]);
        let mut channels = Vec::new();
        for replica in replicas {
            let address = SocketAddr::from(([127, 0, 0, 1], processes.port("settlement", *replica)));
            let config = mtls::client(&processes.authority, Some(&own));
            channels.push(mtls::channel(address, config, "settlement.liufang.mesh").await);
        }
        Port { replicas: channels, next: AtomicUsize::new(0) }
    }

    fn channel(&self) -> Channel {
        let next = self.next.fetch_add(1, Ordering::SeqCst);
        self.replicas[next % self.replicas.len()].clone()
    }

    fn payments(&self) -> PaymentServiceClient<Channel> {
        PaymentServiceClient::new(self.channel())
    }

    pub async fn quote(&self, key: &str, body: &CreateQuoteRequest) -> Answer<Quote> {
        let answer = QuoteServiceClient::new(self.channel()).create_quote(keyed(body.clone(), key)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().quote.unwrap_or_default())
    }

    pub async fn authorise(&self, key: &str, quote: &Quote, until_us: i64) -> Answer<Payment> {
        let body = AuthoriseRequest {
            quote_id: quote.quote_id.clone(),
            order_id: quote.order_id.clone(),
            channel: PaidBy::Wechat.into(),
            hold_expires_at_us: until_us,
            payer: None,
        };
        let answer = self.payments().authorise(keyed(body, key)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().payment.unwrap_or_default())
    }

    /// Captures so many packs of the one line; none: everything.
    pub async fn capture(&self, key: &str, payment_id: &str, keep: Option<i64>) -> Answer<Payment> {
        let keep = keep.map(|packs| KeptLine { line_no: 1, quantity: packs.to_string() });
        let body = CaptureRequest { payment_id: payment_id.to_owned(), keep: keep.into_iter().collect() };
        let answer = self.payments().capture(keyed(body, key)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().payment.unwrap_or_default())
    }

    pub async fn void(&self, key: &str, payment_id: &str) -> Answer<Payment> {
        let body = VoidRequest { payment_id: payment_id.to_owned() };
        let answer = self.payments().void(keyed(body, key)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().payment.unwrap_or_default())
    }

    /// Returns so many packs and the delivery; none: everything.
    pub async fn refund(&self, key: &str, payment_id: &str, packs: Option<i64>) -> Answer<Payment> {
        let lines = packs.map(|packs| ReturnedLine { line_no: 1, quantity: packs.to_string() });
        let body = RefundRequest {
            payment_id: payment_id.to_owned(),
            reason: "RETURNED".to_owned(),
            lines: lines.into_iter().collect(),
            outside: packs.map(|_| delivery()).into_iter().collect(),
        };
        let answer = self.payments().refund(keyed(body, key)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().payment.unwrap_or_default())
    }

    pub async fn payment(&self, payment_id: &str) -> Answer<Payment> {
        let body = GetPaymentRequest { payment_id: payment_id.to_owned(), ..Default::default() };
        let answer = self.payments().get_payment(request(body)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().payment.unwrap_or_default())
    }
}

/// Nobody said anything, or somebody else was at it: the same call under the same key may be sent again.
pub fn is_silence(refusal: &Refusal) -> bool {
    use Code::{Aborted, Cancelled, DeadlineExceeded, Unavailable, Unknown};
    let silent = [Aborted, Cancelled, DeadlineExceeded, Unavailable, Unknown].contains(&refusal.code);
    silent || refusal.code == Code::Internal && refusal.reason.is_empty()
}

/// Far more than any call waits for its turn among a hundred.
const PATIENCE: Duration = Duration::from_secs(90);

/// Sends a call under its key, to one replica after the other, until somebody decides it.
pub async fn decided<T>(ask: impl AsyncFn() -> Answer<T>) -> Answer<T> {
    let started = Instant::now();
    loop {
        match ask().await {
            Err(refusal) if is_silence(&refusal) && started.elapsed() < PATIENCE => {
                tokio::time::sleep(refusal.retry_after.unwrap_or(Duration::from_millis(50))).await;
            }
            decided => return decided,
        }
    }
}
