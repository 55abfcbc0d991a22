//! The other services as one scripted peer: it answers every method sensibly, writes every call down, and can be told to
//! answer one call differently.

use std::collections::{HashMap, VecDeque};
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use liufang_platform::DbFault;
use liufang_platform::status::to_status;
use liufang_proto::{dispatch, identity, inventory, prescription, settlement};
use prost::Message;
use tokio::sync::Notify;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::error::OrderError;

/// The scripted peer.
#[derive(Clone, Default)]
pub struct Stub(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    calls: Vec<(String, String)>,
    /// The first body of every method and key: another one under the same key is refused.
    bodies: HashMap<(String, String), Bytes>,
    /// The last body of every method.
    last: HashMap<String, Bytes>,
    once: HashMap<String, VecDeque<Result<Vec<u8>, Status>>>,
    hanging: Vec<String>,
    slow: Vec<String>,
    held: HashMap<String, Arc<Notify>>,
}

impl Stub {
    /// The next call of `method` is refused with a reason of ours.
    pub fn refuse(&self, method: &str, doc: &'static liufang_kernel::ReasonDoc) {
        self.push(method, Err(to_status(&OrderError::rule(doc), None)));
    }

    /// The next call of `method` gets no answer.
    pub fn silence(&self, method: &str) {
        self.push(method, Err(Status::unavailable("no answer")));
    }

    /// The next call of `method` is answered with this.
    pub fn answer(&self, method: &str, message: &impl Message) {
        self.push(method, Ok(message.encode_to_vec()));
    }

    /// The next call of `method` arrives, and its answer never comes.
    pub fn hang(&self, method: &str) {
        self.0.lock().unwrap().hanging.push(method.to_owned());
    }

    /// The next call of `method` is answered after a while.
    pub fn slow(&self, method: &str) {
        self.0.lock().unwrap().slow.push(method.to_owned());
    }

    /// The next call of `method` is answered when the handle is notified.
    pub fn hold(&self, method: &str) -> Arc<Notify> {
        let handle = Arc::new(Notify::new());
        self.0.lock().unwrap().held.insert(method.to_owned(), handle.clone());
        handle
    }

    /// Waits until `method` was called so often.
    pub async fn called(&self, method: &str, times: usize) {
        while self.keys(method).len() < times {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn hangs(&self, method: &str) -> bool {
        takes(&mut self.0.lock().unwrap().hanging, method)
    }

    fn is_slow(&self, method: &str) -> bool {
        takes(&mut self.0.lock().unwrap().slow, method)
    }

    /// Answers everything as usual again.
    pub fn forget_script(&self) {
        let mut script = self.0.lock().unwrap();
        script.once.clear();
        script.slow.clear();
    }

    fn push(&self, method: &str, answer: Result<Vec<u8>, Status>) {
        self.0.lock().unwrap().once.entry(method.to_owned()).or_default().push_back(answer);
    }

    /// The writes so far, by method; forgets them.
    pub fn writes(&self) -> Vec<String> {
        let calls = std::mem::take(&mut self.0.lock().unwrap().calls);
        calls.into_iter().filter(|(_, key)| !key.is_empty()).map(|(method, _)| method).collect()
    }

    /// Method and idempotency key of every call of `method` so far.
    pub fn keys(&self, method: &str) -> Vec<String> {
        let script = self.0.lock().unwrap();
        script.calls.iter().filter(|(own, _)| own == method).map(|(_, key)| key.clone()).collect()
    }

    /// What `method` was asked last.
    pub fn asked<M: Message + Default>(&self, method: &str) -> M {
        M::decode(self.0.lock().unwrap().last[method].clone()).unwrap()
    }

    /// The peer as gRPC routes.
    pub fn routes(&self) -> Routes {
        let stub = self.clone();
        let handle = move |request: axum::extract::Request| {
            let stub = stub.clone();
            async move {
                let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
                Grpc::new(Raw).unary(Answers { stub, method }, request).await
            }
        };
        Routes::from(axum::Router::new().fallback(handle))
    }

    fn serve(&self, method: &str, request: &Request<Bytes>) -> Result<Vec<u8>, Status> {
        let key = request.metadata().get("idempotency-key");
        let key = key.map(|key| key.to_str().unwrap_or_default().to_owned()).unwrap_or_default();
        let scripted = {
            let mut script = self.0.lock().unwrap();
            script.calls.push((method.to_owned(), key.clone()));
            let body = request.get_ref().clone();
            let known = script.bodies.entry((method.to_owned(), key.clone())).or_insert_with(|| body.clone());
            if !key.is_empty() && *known != body {
                return Err(to_status(&DbFault::KeyReused, None));
            }
            script.last.insert(method.to_owned(), body);
            script.once.get_mut(method).and_then(VecDeque::pop_front)
        };
        scripted.unwrap_or_else(|| Ok(usual(method, request.get_ref().clone())))
    }
}

/// The PHARMACY and pharmacist of every test.
pub const PHARMACY: &str = "P11010500001";

fn usual(method: &str, body: Bytes) -> Vec<u8> {
    match method {
        "GetPersonForService" => {
            let person = identity::v1::Person { verified: true, ..Default::default() };
            identity::v1::GetPersonForServiceResponse { person: Some(person), ..Default::default() }
                .encode_to_vec()
        }
        "GetInstitution" => institution().encode_to_vec(),
        "GetPractitioner" => {
            let practitioner = identity::v1::Practitioner {
                kind: identity::v1::PractitionerKind::RetailPharmacist.into(),
                fixmedins_code: PHARMACY.to_owned(),
                active: true,
                ..Default::default()
            };
            identity::v1::GetPractitionerResponse { practitioner: Some(practitioner) }.encode_to_vec()
        }
        "PriceBasket" => price(body).encode_to_vec(),
        "Commit" => {
            let pick = inventory::v1::ReservedPick {
                line_no: 1,
                manu_lotnum: "L1".to_owned(),
                quantity: "2".to_owned(),
                ..Default::default()
            };
            let reservation = inventory::v1::Reservation { picks: vec![pick], ..Default::default() };
            inventory::v1::CommitResponse { reservation: Some(reservation), sales: Vec::new() }
                .encode_to_vec()
        }
        "GetPrescription" => rx().encode_to_vec(),
        "GetVisit" => {
            let visit = prescription::v1::Visit {
                person_id: "per_1".to_owned(),
                fixmedins_code: "H13030200001".to_owned(),
                state: prescription::v1::VisitState::Booked.into(),
                fee_fen: 1000,
                pay_by_us: i64::MAX,
                ..Default::default()
            };
            prescription::v1::GetVisitResponse { visit: Some(visit) }.encode_to_vec()
        }
        "CreateQuote" => quote(body).encode_to_vec(),
        "Authorise" => payment(settlement::v1::PaymentState::Authorised),
        "Capture" | "GetPayment" => payment(settlement::v1::PaymentState::Captured),
        "Refund" => payment(settlement::v1::PaymentState::Refunded),
        "QuoteDelivery" => {
            let fees = dispatch::v1::QuoteDeliveryResponse {
                delivery_fee_fen: 500,
                packing_fee_fen: 100,
                ..Default::default()
            };
            fees.encode_to_vec()
        }
        "CreateDelivery" => {
            let delivery = dispatch::v1::Delivery { delivery_id: "del_1".to_owned(), ..Default::default() };
            dispatch::v1::CreateDeliveryResponse { delivery: Some(delivery) }.encode_to_vec()
        }
        "MarkReady" => {
            dispatch::v1::MarkReadyResponse { hand_over_code: "654321".to_owned(), ..Default::default() }
                .encode_to_vec()
        }
        // everything else answers an empty message
        _ => Vec::new(),
    }
}

/// An institution that may do everything.
pub fn institution() -> identity::v1::GetInstitutionResponse {
    let institution = identity::v1::Institution {
        region: "130300".to_owned(),
        capabilities: ["otc_online", "chronic_renewal", "stock_link"].map(str::to_owned).to_vec(),
        agreement_state: identity::v1::AgreementState::Active.into(),
        ..Default::default()
    };
    identity::v1::GetInstitutionResponse { institution: Some(institution) }
}

/// One line of two packs at 12.50.
fn rx() -> prescription::v1::GetPrescriptionResponse {
    let line = prescription::v1::RxLine {
        line_no: 1,
        med_list_codg: "XC08CAB037A001020180517".to_owned(),
        drug_cnt: "2".to_owned(),
        drug_pric: "12.5".to_owned(),
        medc_days: "27.5".to_owned(),
        ..Default::default()
    };
    let found = prescription::v1::Prescription {
        person_id: "per_1".to_owned(),
        fixmedins_code: "H13030200001".to_owned(),
        holder_fixmedins_code: PHARMACY.to_owned(),
        dise_codg: "M03900".to_owned(),
        state: prescription::v1::PrescriptionState::Active.into(),
        lines: vec![line],
        ..Default::default()
    };
    prescription::v1::GetPrescriptionResponse { prescription: Some(found) }
}

fn price(body: Bytes) -> inventory::v1::PriceBasketResponse {
    let asked = inventory::v1::PriceBasketRequest::decode(body).unwrap();
    let line = |line: inventory::v1::BasketLine| inventory::v1::PricedLine {
        line_no: line.line_no,
        drug: Some(inventory::v1::Drug {
            med_list_codg: line.med_list_codg,
            generic_name: "测试药".to_owned(),
            hi_mark: true,
            controlled: "none".to_owned(),
            ..Default::default()
        }),
        price: "12.5".to_owned(),
        amount_fen: 2500,
        quantity: line.quantity,
        otc_pack: false,
    };
    inventory::v1::PriceBasketResponse { lines: asked.lines.into_iter().map(line).collect() }
}

fn quote(body: Bytes) -> settlement::v1::CreateQuoteResponse {
    let asked = settlement::v1::CreateQuoteRequest::decode(body).unwrap();
    let goods: i64 = if asked.kind() == settlement::v1::QuoteKind::Consultation { 1000 } else { 2500 };
    let outside: i64 = asked.outside.iter().map(|fee| fee.amount_fen).sum();
    let leg = settlement::v1::LegAmount {
        leg: liufang_proto::common::v1::Leg::Account.into(),
        amount_fen: goods,
        ..Default::default()
    };
    let quote = settlement::v1::Quote {
        quote_id: "quo_1".to_owned(),
        legs: vec![leg],
        total_fen: goods + outside,
        expires_at_us: i64::MAX,
        ..Default::default()
    };
    settlement::v1::CreateQuoteResponse { quote: Some(quote) }
}

/// A payment in a state, as every answer that holds one.
pub fn payment_in(state: settlement::v1::PaymentState) -> settlement::v1::CaptureResponse {
    let payment = settlement::v1::Payment {
        payment_id: "pay_1".to_owned(),
        state: state.into(),
        setl_id: "stl_1".to_owned(),
        ..Default::default()
    };
    settlement::v1::CaptureResponse { payment: Some(payment) }
}

fn payment(state: settlement::v1::PaymentState) -> Vec<u8> {
    payment_in(state).encode_to_vec()
}

/// Whether `method` is on the list; takes it off once.
fn takes(list: &mut Vec<String>, method: &str) -> bool {
    let place = list.iter().position(|own| own == method);
    place.map(|place| list.remove(place)).is_some()
}

struct Answers {
    stub: Stub,
    method: String,
}

impl UnaryService<Bytes> for Answers {
    type Response = Vec<u8>;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, Status>> + Send>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let answer = self.stub.serve(&self.method, &request).map(Response::new);
        let (hangs, slow) = (self.stub.hangs(&self.method), self.stub.is_slow(&self.method));
        let held = self.stub.0.lock().unwrap().held.remove(&self.method);
        Box::pin(async move {
            if let Some(handle) = held {
                handle.notified().await;
            }
            if slow {
                tokio::time::sleep(Duration::from_millis(400)).await;
            }
            if hangs { pending().await } else { answer }
        })
    }
}

/// Messages as they are on the wire.
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = source.remaining();
        Ok(Some(source.copy_to_bytes(length)))
    }
}

/// Runs a future on a runtime of its own.
pub fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
