//! Every state of a payment × every operation × every caller, against the published table of the settlement service.

mod notices;

use std::sync::atomic::AtomicUsize;

use liufang::client::{Answer, Patient, Refusal, Session};
use liufang::conformance::prescription::Table;
use liufang_proto::SETTLEMENT_STATES;
use liufang_proto::common::v1::Channel as PaidBy;
use liufang_proto::sandbox::v1::Dial;
use liufang_proto::settlement::v1::payment_service_client::PaymentServiceClient;
use liufang_proto::settlement::v1::quote_service_client::QuoteServiceClient;
use liufang_proto::settlement::v1::{
    AuthoriseRequest, CaptureRequest, GetPaymentRequest, GetQuoteRequest, KeptLine, PaymentState, Quote,
    RefundRequest, ReturnedLine, VoidRequest,
};
use liufang_tests::world::run_in;
use liufang_tests::{Shape, World};
use tonic::{Code, Status};

use super::cast::*;
use super::payments::{Settlement, basket};

mod every_cell_of_a_payment_answers_as_published {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_sqlite() {
        run(Shape::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_postgres() {
        run(Shape::Postgres).await;
    }

    async fn run(shape: Shape) {
        let settings =
            ["mesh.listen.settlement=\"127.0.0.1:0\"", "role.settlement.notices_from=\"services\""];
        run_in(World::start_with(shape, &settings.map(str::to_owned)).await, every_cell).await;
    }
}

const ROW: u32 = 163;
const REFUND: &str = "PaymentChannel/RefundPayment";
const HOUR_US: i64 = 3_600_000_000;

/// A quote and what became of it.
struct Story {
    order_id: String,
    quote: Quote,
    payment_id: String,
}

struct Player {
    cast: Cast,
    settlement: Settlement,
    patient: Patient,
    stranger: Patient,
    /// Of another region.
    elsewhere: Patient,
    stories: usize,
    notices: AtomicUsize,
}

async fn every_cell(world: &mut World) {
    notices::announce(world);
    let cast = Cast::of(world).await;
    let (patient, stranger) = (cast.patient(ROW).await, cast.patient(151).await);
    let settlement = Settlement::of(world).await;
    let elsewhere = cast.patient(1).await;
    let mut player =
        Player { cast, settlement, patient, stranger, elsewhere, stories: 0, notices: AtomicUsize::new(0) };
    let table = Table::read(SETTLEMENT_STATES).unwrap();
    let mut wrong = Vec::new();
    for (state, _) in &table.states {
        let story = player.reach(world, state).await;
        let mut moves = Vec::new();
        for operation in &table.operations {
            for caller in operation.callers() {
                let expected = table.answer(operation, &caller, state);
                match table.target(expected) {
                    Some(to) => moves.push((operation.name.clone(), caller.clone(), to.to_owned())),
                    None => {
                        let answer = player.ask(&operation.name, &caller, &story).await;
                        let said = told(&answer);
                        let wanted = (expected.to_owned(), table.code(expected).to_owned());
                        if said != wanted {
                            wrong.push(format!(
                                "{} | {caller} | in {state}: {said:?}, not {wanted:?}",
                                operation.name
                            ));
                        }
                    }
                }
            }
        }
        if !story.payment_id.is_empty() {
            let now = player.settlement.payment(&story.payment_id).await.state();
            assert!(
                now == named(state),
                "what is refused changes nothing, in {state}: {}",
                now.as_str_name()
            );
            player.raised_as_due(world, state, &story).await;
        }
        player.hears_again().await;
        for (operation, caller, to) in moves {
            let story = player.reach(world, state).await;
            let told = operation.starts_with("Notify");
            if told {
                player.pays(world, &story).await;
            }
            let answer = player.ask(&operation, &caller, &story).await;
            player.hears_again().await;
            match answer {
                Ok(id) => {
                    let id = if id.is_empty() { story.payment_id.clone() } else { id };
                    player.settlement.payment_in(&id, &[named(&to)]).await;
                    if told {
                        player.cash_went(&id, named(&to)).await;
                    }
                }
                Err(refusal) => {
                    wrong.push(format!("{operation} | {caller} | in {state}: {refusal}, not → {to}"))
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // the operator's token of the beginning is an hour old
    Cast::of(world).await.books_agree().await;
}

fn named(state: &str) -> PaymentState {
    let name = format!("PAYMENT_STATE_{}", state.to_uppercase());
    PaymentState::from_str_name(&name).expect("a state of the contract")
}

/// Who calls at the port of the role.
fn role_of(caller: &str) -> &str {
    if caller == "other role" { "inventory" } else { caller }
}

/// Word and status code of an answer, as the table writes them.
fn told(answer: &Answer<String>) -> (String, String) {
    match answer {
        Ok(_) => ("OK".to_owned(), "OK".to_owned()),
        Err(refusal) => {
            let code = match refusal.code {
                Code::NotFound => "NOT_FOUND",
                Code::FailedPrecondition => "FAILED_PRECONDITION",
                Code::InvalidArgument => "INVALID_ARGUMENT",
                Code::PermissionDenied => "PERMISSION_DENIED",
                Code::Unauthenticated => "UNAUTHENTICATED",
                Code::Unimplemented => "UNIMPLEMENTED",
                Code::Aborted => "ABORTED",
                _ => "another",
            };
            (refusal.reason.clone(), code.to_owned())
        }
    }
}

impl Player {
    async fn dial(&self, method: &str, dial: Dial) {
        self.cast.public().dial(method, dial, 0, "").await.unwrap();
    }

    async fn hears_again(&self) {
        for method in [PAY, QUERY, REFUND] {
            self.dial(method, Dial::Unspecified).await;
        }
    }

    /// A quote of its own, on the way to a state.
    async fn reach(&mut self, world: &World, state: &str) -> Story {
        use PaymentState::{Captured, Expired, Failed, Pending, Refunded, Refunding};
        self.stories += 1;
        let order_id = format!("ord_states_{}", self.stories);
        let body = basket(&order_id, self.patient.person_id(), 2);
        let quote = self.settlement.try_quote("order", body).await.unwrap();
        let mut story = Story { order_id, quote, payment_id: String::new() };
        if state == "quoted" {
            return story;
        }
        if state == "late" {
            world.clock.advance_seconds(601);
            self.patient = self.cast.patient(ROW).await;
            self.stranger = self.cast.patient(151).await;
            return story;
        }
        let until = self.cast.clock_now() + HOUR_US;
        let held = self.settlement.authorise(&story.quote, &story.order_id, until).await.unwrap();
        story.payment_id = held.payment_id;
        let (settlement, id) = (&self.settlement, story.payment_id.as_str());
        match state {
            "authorised" => {}
            "voided" => drop(settlement.void(id).await.unwrap()),
            "expired" => {
                world.clock.advance_seconds(3_601);
                settlement.payment_in(id, &[Expired]).await;
                self.patient = self.cast.patient(ROW).await;
                self.stranger = self.cast.patient(151).await;
            }
            "pending" => {
                self.dial(PAY, Dial::LoseRequest).await;
                self.dial(QUERY, Dial::LoseAnswer).await;
                assert!(settlement.capture(id).await.unwrap().state() == Pending);
            }
            "failed" => {
                self.dial(PAY, Dial::Refuse).await;
                settlement.capture(id).await.unwrap();
                settlement.payment_in(id, &[Failed]).await;
            }
            _ => {
                settlement.capture(id).await.unwrap();
                settlement.payment_in(id, &[Captured]).await;
                if state == "refunding" {
                    self.dial(REFUND, Dial::LoseRequest).await;
                    assert!(settlement.refund(id).await.unwrap().state() == Refunding);
                } else if state == "refunded" {
                    settlement.refund(id).await.unwrap();
                    settlement.payment_in(id, &[Refunded]).await;
                }
            }
        }
        story
    }

    /// Asks as `caller` would; answers the payment's id, where there is one.
    async fn ask(&self, operation: &str, caller: &str, story: &Story) -> Answer<String> {
        if operation.starts_with("Notify") {
            return self.tell(operation, caller, story).await.map(|()| String::new());
        }
        let (base, twists) = caller.split_once(", ").unwrap_or((caller, ""));
        let twist = |own: &str| twists.split(" and ").any(|one| one == own);
        let payment_id = if story.payment_id.is_empty() { "pay_none" } else { &story.payment_id }.to_owned();
        let now = self.cast.clock_now();
        let channel = if twist("no channel") { PaidBy::Unspecified } else { PaidBy::Wechat };
        let order_id = if twist("other order") { "ord_other" } else { &story.order_id }.to_owned();
        let hold_expires_at_us = if twist("past deadline") { now - 1_000_000 } else { now + HOUR_US };
        let quote_id = story.quote.quote_id.clone();
        macro_rules! send {
            ($client:ident.$method:ident($body:expr)) => {{
                let body = $body;
                match base {
                    "order" | "channels" | "other role" => {
                        let request = self.settlement.as_role(role_of(base), body);
                        $client::new(self.settlement.channel()).$method(request).await.map_err(Refusal::from)
                    }
                    _ => {
                        let session = self.session(base);
                        session
                            .write(body, |channel, request| async move {
                                $client::new(channel).$method(request).await
                            })
                            .await
                            .map(tonic::Response::new)
                    }
                }
            }};
        }
        match operation {
            "Authorise" => {
                let body = AuthoriseRequest {
                    quote_id,
                    order_id,
                    channel: channel.into(),
                    hold_expires_at_us,
                    payer: None,
                };
                let reply = send!(PaymentServiceClient.authorise(body))?.into_inner();
                Ok(reply.payment.unwrap_or_default().payment_id)
            }
            "CreateQuote" => {
                let elsewhere = twist("insured elsewhere");
                let person = if elsewhere { &self.elsewhere } else { &self.patient }.person_id();
                let mut body = basket(&format!("{}_more", story.order_id), person, 1);
                if twist("other region's shop") {
                    body.fixmedins_code = SHOP.to_owned();
                }
                send!(QuoteServiceClient.create_quote(body)).map(|_| String::new())
            }
            "CaptureLess" => {
                let line_no = if twist("unknown line") { 9 } else { 1 };
                let quantity = if twist("not less") { "2" } else { "1" }.to_owned();
                let body = CaptureRequest { payment_id, keep: vec![KeptLine { line_no, quantity }] };
                send!(PaymentServiceClient.capture(body)).map(|_| String::new())
            }
            "RefundPart" => {
                let line_no = if twist("unknown line") { 9 } else { 1 };
                let quantity = if twist("too much") { "3" } else { "1" }.to_owned();
                let lines = vec![ReturnedLine { line_no, quantity }];
                let reason = "RETURNED".to_owned();
                let body = RefundRequest { payment_id, reason, lines, ..Default::default() };
                send!(PaymentServiceClient.refund(body)).map(|_| String::new())
            }
            "Capture" => send!(PaymentServiceClient.capture(CaptureRequest { payment_id, keep: Vec::new() }))
                .map(|_| String::new()),
            "Void" => send!(PaymentServiceClient.void(VoidRequest { payment_id })).map(|_| String::new()),
            "Refund" => {
                let body = RefundRequest { payment_id, reason: "RETURNED".to_owned(), ..Default::default() };
                send!(PaymentServiceClient.refund(body)).map(|_| String::new())
            }
            "GetPayment" => {
                let body = GetPaymentRequest { payment_id, ..Default::default() };
                send!(PaymentServiceClient.get_payment(body)).map(|_| String::new())
            }
            "GetQuote" => {
                send!(QuoteServiceClient.get_quote(GetQuoteRequest { quote_id })).map(|_| String::new())
            }
            other => Err(Status::internal(format!("no operation {other}")).into()),
        }
    }

    fn session(&self, caller: &str) -> Session {
        match caller {
            "patient" => self.patient.session().clone(),
            "other patient" => self.stranger.session().clone(),
            _ => Session::anonymous(&self.cast.gateway),
        }
    }
}

/// The service's page holds the table word for word.
#[test]
fn the_table_is_published_as_it_is_tested() {
    let page = include_str!("../../../services/settlement/README.md");
    assert!(
        page.contains(&format!("```text\n{}\n```", SETTLEMENT_STATES.trim_end())),
        "services/settlement/README.md has another table: run scripts/gen-states.py"
    );
}
