//! The outside parties on a real database, with settlement played by the test.

mod insurer;
mod mobile;

use std::sync::{Arc, Mutex};

use liufang_kernel::{Fault as _, Fen, Sensitive, Timestamp};
use liufang_platform::testing::{World, world};
use liufang_platform::{Call, CallMeta, Principal, hash};
use liufang_proto::hooks::v1 as hooks;
use liufang_proto::settlement::v1 as settlement;
use liufang_proto::settlement::v1::payment_service_server::{PaymentService, PaymentServiceServer};
use prost::Message as _;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::app::*;
use crate::domain::channel::{Payment, State};
use crate::domain::dial::Dial;
use crate::error::SandboxError;

/// Notices as settlement got them: body, and whether the signature is the channel's; states of orders.
#[derive(Clone, Default)]
struct Settlement(Arc<Mutex<Vec<(hooks::ChannelNotice, bool)>>>, Arc<Mutex<Vec<i32>>>);

macro_rules! not_played {
    ($($request:ident, $response:ident, $name:ident;)*) => {
        #[async_trait::async_trait]
        impl PaymentService for Settlement {
            async fn notify_payment(
                &self,
                request: Request<settlement::NotifyPaymentRequest>,
            ) -> Result<Response<settlement::NotifyPaymentResponse>, Status> {
                let notice = request.into_inner();
                let signature = hash::hmac_sha256_hex(b"liufang-dev-channel-key", &notice.body);
                let genuine = notice.signature == signature;
                let body = hooks::ChannelNotice::decode(notice.body.as_slice()).unwrap();
                self.0.lock().unwrap().push((body, genuine));
                Ok(Response::new(settlement::NotifyPaymentResponse {}))
            }
            async fn notify_order(
                &self,
                request: Request<settlement::NotifyOrderRequest>,
            ) -> Result<Response<settlement::NotifyOrderResponse>, Status> {
                self.1.lock().unwrap().push(request.into_inner().ord_stas);
                Ok(Response::new(settlement::NotifyOrderResponse {}))
            }
            $(
                async fn $name(
                    &self,
                    _: Request<settlement::$request>,
                ) -> Result<Response<settlement::$response>, Status> {
                    Err(Status::unimplemented("not played here"))
                }
            )*
        }
    };
}

not_played! {
    AuthoriseRequest, AuthoriseResponse, authorise;
    CaptureRequest, CaptureResponse, capture;
    VoidRequest, VoidResponse, void;
    RefundRequest, RefundResponse, refund;
    GetPaymentRequest, GetPaymentResponse, get_payment;
    ListStuckPaymentsRequest, ListStuckPaymentsResponse, list_stuck_payments;
    ResolvePaymentRequest, ResolvePaymentResponse, resolve_payment;
}

struct House {
    world: World,
    app: App,
    settlement: Settlement,
}

impl House {
    async fn build() -> House {
        let world = world(crate::ROLE, crate::MIGRATIONS, &[]).await;
        let settlement = Settlement::default();
        world.bind([("settlement", Routes::new(PaymentServiceServer::new(settlement.clone())))]);
        let app = App::new(&world.deps, crate::wires::Wires::of(&world.deps).0);
        House { world, app, settlement }
    }

    async fn dial(&self, method: &str, dial: Dial, calls: i64, pattern: &str) {
        let meta = CallMeta {
            principal: Principal::anonymous(),
            method: "/test".to_owned(),
            idempotency_key: Some(self.world.deps.ids.next("key")),
            request_hash: "hash".to_owned(),
            now: self.world.deps.clock.now(),
        };
        let body = SetDial { method: method.to_owned(), dial, calls, pattern: pattern.to_owned() };
        self.app.set_dial(Call { meta, body }).await.unwrap();
    }

    async fn pay(&self, number: &str, amount: i64) -> Result<Payment, SandboxError> {
        let pay = Pay {
            channel: 1,
            channel_order_no: number.to_owned(),
            amount: Fen(amount),
            freight: Fen(0),
            payer: "payer".to_owned(),
            expires_at: self.world.deps.clock.now().plus_seconds(60),
            fixmedins_code: String::new(),
        };
        self.app.create_payment(pay).await
    }

    async fn query(&self, number: &str) -> Option<State> {
        let query = Query { channel_order_no: number.to_owned() };
        self.app.query_payment(query).await.unwrap().map(|payment| payment.state)
    }

    /// `amount genuine` of every notice sent.
    async fn notices(&self) -> Vec<(i64, bool)> {
        while self.app.send_notice_step().await.unwrap() > 0 {}
        let sent = std::mem::take(&mut *self.settlement.0.lock().unwrap());
        sent.into_iter().map(|(notice, genuine)| (notice.amount_fen, genuine)).collect()
    }
}

#[track_caller]
fn refused<T>(result: Result<T, SandboxError>, reason: &str) {
    match result {
        Ok(_) => panic!("not refused with {reason}"),
        Err(error) => assert_eq!(error.doc().reason, reason),
    }
}

const CREATE: &str = "PaymentChannel/CreatePayment";

#[tokio::test]
async fn a_number_is_one_payment() {
    let house = House::build().await;
    let first = house.pay("N1", 500).await.unwrap();
    assert_eq!(first.state, State::Paid);
    assert_eq!(house.pay("N1", 500).await.unwrap(), first);
    refused(house.pay("N1", 501).await, "CHANNEL_ORDER_AMOUNT_DIFFERS");
    assert_eq!(house.notices().await, [(500, true)]);
    assert_eq!(house.query("N2").await, None);
}

#[tokio::test]
async fn lost_requests_and_lost_answers_look_the_same_to_the_caller() {
    let house = House::build().await;
    house.dial(CREATE, Dial::LoseRequest, 1, "").await;
    refused(house.pay("N1", 500).await, "OUTSIDE_NO_ANSWER");
    assert_eq!(house.query("N1").await, None);
    house.dial(CREATE, Dial::LoseAnswer, 1, "").await;
    refused(house.pay("N1", 500).await, "OUTSIDE_NO_ANSWER");
    assert_eq!(house.query("N1").await, Some(State::Paid));
    assert_eq!(house.pay("N1", 500).await.unwrap().state, State::Paid, "the dial is used up");
}

#[tokio::test]
async fn dials_concern_only_matching_calls_and_stay_until_changed() {
    let house = House::build().await;
    house.dial(CREATE, Dial::Refuse, 0, "X").await;
    for (number, state) in [("N1", State::Paid), ("X1", State::Refused), ("X2", State::Refused)] {
        assert_eq!(house.pay(number, 500).await.unwrap().state, state, "{number}");
    }
    house.dial(CREATE, Dial::Normal, 0, "X").await;
    assert_eq!(house.pay("X3", 500).await.unwrap().state, State::Paid);
}

#[tokio::test]
async fn notices_are_bent() {
    let house = House::build().await;
    for (number, dial) in
        [("N1", Dial::DuplicateNotice), ("N2", Dial::WrongAmount), ("N3", Dial::ForgedNotice)]
    {
        house.dial(CREATE, dial, 1, number).await;
        house.pay(number, 500).await.unwrap();
    }
    let mut notices = house.notices().await;
    notices.sort_unstable();
    assert_eq!(notices, [(500, false), (500, true), (500, true), (501, true)]);
}

#[tokio::test]
async fn a_slow_payer_pays_when_asked_unless_the_order_was_closed() {
    let house = House::build().await;
    house.dial(CREATE, Dial::SlowNotice, 0, "").await;
    for number in ["N1", "N2"] {
        assert_eq!(house.pay(number, 500).await.unwrap().state, State::Open);
    }
    assert!(house.notices().await.is_empty());
    let closed = house.app.close_payment(Close { channel_order_no: "N2".to_owned() }).await.unwrap();
    assert_eq!(closed.map(|payment| payment.state), Some(State::Closed));
    assert_eq!(house.query("N1").await, Some(State::Paid));
    assert_eq!(house.query("N2").await, Some(State::Closed));
    assert_eq!(house.notices().await, [(500, true)]);
}

#[tokio::test]
async fn a_refund_number_is_one_refund() {
    let house = House::build().await;
    house.pay("N1", 500).await.unwrap();
    let refund = |number: &str, amount| {
        let (channel_order_no, refund_no) = ("N1".to_owned(), number.to_owned());
        house.app.refund_payment(Refund { channel_order_no, refund_no, amount: Fen(amount) })
    };
    assert_eq!(refund("R1", 200).await.unwrap(), Ok(()));
    assert_eq!(refund("R1", 200).await.unwrap(), Ok(()));
    assert_eq!(refund("R1", 100).await.unwrap(), Err("REFUND_NO_REUSED"));
    assert_eq!(refund("R2", 301).await.unwrap(), Err("AMOUNT_EXCEEDED"));
    assert_eq!(refund("R3", 300).await.unwrap(), Ok(()));
    let book = house.app.channel_book("").await.unwrap();
    assert_eq!((book[0].refunded, book[0].state), (Fen(500), State::Refunded));
}

#[tokio::test]
async fn messages_are_found_by_phone_newest_first() {
    let house = House::build().await;
    for (request, phone, text) in
        [("r1", "19900000001", "one"), ("r2", "19900000001", "two"), ("r2", "19900000001", "again")]
    {
        let message = SendMessage {
            phone: Sensitive::new(phone.to_owned()),
            text: Sensitive::new(text.to_owned()),
            request_id: request.to_owned(),
        };
        assert_eq!(house.app.send_message(message).await.unwrap(), Checked::Pass);
    }
    assert_eq!(house.app.list_messages("19900000001").await.unwrap(), ["two", "one"]);
    assert!(house.app.list_messages("19900000002").await.unwrap().is_empty());
}

#[tokio::test]
async fn late_payments_are_refused() {
    let house = House::build().await;
    let pay = Pay {
        channel: 1,
        channel_order_no: "N1".to_owned(),
        amount: Fen(1),
        freight: Fen(0),
        payer: String::new(),
        expires_at: Timestamp(1),
        fixmedins_code: String::new(),
    };
    assert_eq!(house.app.create_payment(pay).await.unwrap().state, State::Refused);
}
