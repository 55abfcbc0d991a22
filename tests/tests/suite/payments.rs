//! A hundred callers on one hold and on one payment, as the role that may ask: one story, and never more back than was paid.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use liufang::client::{Answer, Patient, Refusal};
use liufang_platform::mesh::MeshKey;
use liufang_proto::common::v1::Channel as PaidBy;
use liufang_proto::settlement::v1::payment_service_client::PaymentServiceClient;
use liufang_proto::settlement::v1::quote_service_client::QuoteServiceClient;
use liufang_proto::settlement::v1::{
    AuthoriseRequest, CaptureRequest, ChargeLine, CreateQuoteRequest, GetPaymentRequest,
    ListTransfersRequest, OutsideFee, Payment, PaymentState, Quote, QuoteKind, RefundRequest, VoidRequest,
};
use liufang_tests::world::run_in;
use liufang_tests::{Shape, World, eventually};
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

use super::cast::*;

/// The role's own port is needed: nobody outside may ask for what is asked here.
macro_rules! raced {
    ($name:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::race(liufang_tests::Shape::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::race(liufang_tests::Shape::Postgres, super::$name).await;
            }
        }
    };
}

raced!(one_hold_has_one_end);
raced!(a_payment_is_given_back_once);

async fn race(shape: Shape, test: impl AsyncFnOnce(&mut World)) {
    let setting = "mesh.listen.settlement=\"127.0.0.1:0\"".to_owned();
    run_in(World::start_with(shape, &[setting]).await, test).await;
}

const CALLERS: usize = 100;
const ROW: u32 = 163;
/// What the account and the channel pay of each.
const ACCOUNT: i64 = 1_558;
const CASH: i64 = 500;

/// Settlement as the order role calls it.
pub struct Settlement {
    channel: Channel,
    key: MeshKey,
    calls: AtomicUsize,
}

impl Settlement {
    pub async fn of(world: &World) -> Settlement {
        let address = world.running.as_ref().unwrap().ports["settlement"];
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
        Settlement { channel, key: MeshKey::new(&world.config.mesh.secret), calls: AtomicUsize::new(0) }
    }

    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn request<T>(&self, body: T) -> Request<T> {
        self.as_role("order", body)
    }

    /// A call of a role under a key of its own.
    pub fn as_role<T>(&self, role: &str, body: T) -> Request<T> {
        let mut request = Request::new(body);
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        request.metadata_mut().insert("idempotency-key", format!("payments-{call:08}").parse().unwrap());
        request.metadata_mut().insert(MeshKey::HEADER, self.key.prove(role).unwrap().parse().unwrap());
        request
    }

    fn payments(&self) -> PaymentServiceClient<Channel> {
        PaymentServiceClient::new(self.channel.clone())
    }

    pub async fn quote(&self, order_id: &str, person_id: &str) -> Quote {
        self.try_quote("order", basket(order_id, person_id, 1)).await.unwrap()
    }

    pub async fn try_quote(&self, role: &str, body: CreateQuoteRequest) -> Answer<Quote> {
        let mut client = QuoteServiceClient::new(self.channel.clone());
        let answer = client.create_quote(self.as_role(role, body)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().quote.unwrap_or_default())
    }

    pub async fn authorise(&self, quote: &Quote, order_id: &str, until_us: i64) -> Answer<Payment> {
        let body = AuthoriseRequest {
            quote_id: quote.quote_id.clone(),
            order_id: order_id.to_owned(),
            channel: PaidBy::Wechat.into(),
            hold_expires_at_us: until_us,
            payer: None,
        };
        let answer = self.payments().authorise(self.request(body)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().payment.unwrap_or_default())
    }

    pub async fn capture(&self, payment_id: &str) -> Answer<Payment> {
        let body = CaptureRequest { payment_id: payment_id.to_owned(), keep: Vec::new() };
        let answer = self.payments().capture(self.request(body)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().payment.unwrap_or_default())
    }

    pub async fn void(&self, payment_id: &str) -> Answer<Payment> {
        let body = VoidRequest { payment_id: payment_id.to_owned() };
        let answer = self.payments().void(self.request(body)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().payment.unwrap_or_default())
    }

    pub async fn refund(&self, payment_id: &str) -> Answer<Payment> {
        let body = RefundRequest {
            payment_id: payment_id.to_owned(),
            reason: "RETURNED".to_owned(),
            ..Default::default()
        };
        let answer = self.payments().refund(self.request(body)).await;
        Ok(answer.map_err(Refusal::from)?.into_inner().payment.unwrap_or_default())
    }

    pub async fn payment(&self, payment_id: &str) -> Payment {
        let body = GetPaymentRequest { payment_id: payment_id.to_owned(), ..Default::default() };
        self.payments().get_payment(self.request(body)).await.unwrap().into_inner().payment.unwrap()
    }

    /// The payment once it is in one of `states`.
    pub async fn payment_in(&self, payment_id: &str, states: &[PaymentState]) -> Payment {
        eventually("the payment comes to an end", || async {
            let payment = self.payment(payment_id).await;
            states.contains(&payment.state()).then_some(payment)
        })
        .await
    }
}

/// An order over the counter, delivered: so many packs, for a person.
pub fn basket(order_id: &str, person_id: &str, packs: i64) -> CreateQuoteRequest {
    let line = ChargeLine {
        line_no: 1,
        med_list_codg: GRANULES.to_owned(),
        quantity: packs.to_string(),
        price: "15.58".to_owned(),
        chrgitm_lv: "1".to_owned(),
        hi_mark: true,
        ..Default::default()
    };
    let fee = OutsideFee { kind: "delivery".to_owned(), amount_fen: CASH, name: String::new() };
    CreateQuoteRequest {
        kind: QuoteKind::OtcAccount.into(),
        order_id: order_id.to_owned(),
        person_id: person_id.to_owned(),
        fixmedins_code: OTC_SHOP.to_owned(),
        region: BEIJING.to_owned(),
        lines: vec![line],
        outside: vec![fee],
        acct_used: true,
        ..Default::default()
    }
}

async fn balance(patient: &Patient) -> (i64, i64) {
    let account = patient.account().await.unwrap();
    (account.balance_fen, account.held_fen)
}

/// Paid and returned at the channel, altogether.
async fn at_the_channel(cast: &Cast) -> (i64, i64) {
    let rows = cast.public().list_channel_book(Default::default()).await.unwrap().rows;
    let paid = rows.iter().filter(|row| ["paid", "refunded"].contains(&row.state.as_str()));
    paid.fold((0, 0), |sum, row| (sum.0 + row.amount_fen, sum.1 + row.refunded_fen))
}

async fn transfers_of(cast: &Cast, payment_id: &str) -> Vec<String> {
    let body = ListTransfersRequest { reference: payment_id.to_owned(), ..Default::default() };
    let rows = cast.operator().list_transfers(body).await.unwrap().transfers;
    rows.into_iter().map(|row| row.kind).collect()
}

/// Captures, voids and the worker that ends holds whose time is over, all at the same moment, three times over.
async fn one_hold_has_one_end(world: &mut World) {
    use PaymentState::{Captured, Expired, Voided};
    let cast = Cast::of(world).await;
    let settlement = Settlement::of(world).await;
    let mut patient = cast.patient(ROW).await;
    for round in 0..3 {
        let (before, paid_before) = (balance(&patient).await, at_the_channel(&cast).await);
        let order_id = format!("ord_race_{round}");
        let quote = settlement.quote(&order_id, patient.person_id()).await;
        let until = cast.clock_now() + 60_000_000;
        let id = settlement.authorise(&quote, &order_id, until).await.unwrap().payment_id;
        assert_eq!(balance(&patient).await, (before.0, ACCOUNT));
        // in the last round the deadline falls among the calls
        let calls = (0..CALLERS).map(|caller| {
            let (settlement, id, clock) = (&settlement, &id, &world.clock);
            async move {
                if round == 2 && caller == CALLERS / 10 {
                    clock.advance_seconds(61);
                }
                match caller % 2 {
                    0 => ("capture", settlement.capture(id).await),
                    _ => ("void", settlement.void(id).await),
                }
            }
        });
        let answers = join_all(calls).await;
        let end = settlement.payment_in(&id, &[Captured, Voided, Expired]).await.state();
        for (asked, answer) in answers {
            match answer {
                Ok(payment) if payment.state() == PaymentState::Pending => {}
                Ok(payment) => assert!(payment.state() == end, "another end was told of a {asked}"),
                Err(refusal) => {
                    let reasons = ["PAYMENT_ENDED", "PAYMENT_CAPTURED", "PAYMENT_BUSY", "LOST_RACE"];
                    assert!(reasons.contains(&refusal.reason.as_str()), "{asked}: {refusal}");
                }
            }
        }
        patient = cast.patient(ROW).await;
        let (took, end_name) = (i64::from(end == Captured), end.as_str_name());
        assert_eq!(balance(&patient).await, (before.0 - took * ACCOUNT, 0), "{end_name}");
        let (paid, back) = at_the_channel(&cast).await;
        assert_eq!(paid - back, paid_before.0 - paid_before.1 + took * CASH, "{end_name}");
        let booked = if end == Captured { vec!["capture".to_owned()] } else { vec![] };
        assert_eq!(transfers_of(&cast, &id).await, booked);
    }
    cast.books_agree().await;
}

async fn a_payment_is_given_back_once(world: &mut World) {
    let cast = Cast::of(world).await;
    let settlement = Settlement::of(world).await;
    let patient = cast.patient(ROW).await;
    let before = balance(&patient).await;
    let quote = settlement.quote("ord_back", patient.person_id()).await;
    let until = cast.clock_now() + 600_000_000;
    let id = settlement.authorise(&quote, "ord_back", until).await.unwrap().payment_id;
    settlement.capture(&id).await.unwrap();
    settlement.payment_in(&id, &[PaymentState::Captured]).await;
    assert_eq!(balance(&patient).await, (before.0 - ACCOUNT, 0));
    let answers = join_all((0..CALLERS).map(|_| settlement.refund(&id))).await;
    for answer in answers {
        match answer {
            Ok(payment) => {
                let going = [PaymentState::Refunding, PaymentState::Refunded];
                assert!(going.contains(&payment.state()), "{}", payment.state().as_str_name());
            }
            Err(refusal) => {
                assert!(["PAYMENT_BUSY", "LOST_RACE"].contains(&refusal.reason.as_str()), "{refusal}");
            }
        }
    }
    let back = settlement.payment_in(&id, &[PaymentState::Refunded]).await;
    assert_eq!(back.refunded_fen, ACCOUNT + CASH);
    assert_eq!(balance(&patient).await, before, "all of it, once");
    assert_eq!(at_the_channel(&cast).await, (CASH, CASH));
    assert_eq!(transfers_of(&cast, &id).await, ["capture", "refund"]);
    let statement = patient.list_statement(Default::default()).await.unwrap().rows;
    assert_eq!(statement.iter().filter(|row| row.order_id == "ord_back").count(), 2);
    let insurer = cast.public().list_insurer_book(Default::default()).await.unwrap().rows;
    assert!(insurer.iter().all(|row| row.reversed), "reversed at the insurer");
    cast.books_agree().await;
}
