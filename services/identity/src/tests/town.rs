//! A small town: two people of Beijing, one of Qinhuangdao, and a provider that does as it is told.

use std::sync::{Arc, Mutex};

use liufang_kernel::idcard::check_digit;
use liufang_platform::stack::ServerStack;
use liufang_platform::testing::{World, world};
use liufang_platform::{Claims, Clock as _, PeerFault, PrincipalKind, Settings};
use liufang_proto::hooks::v1 as hook;
use liufang_proto::hooks::v1::verification_hook_server::{VerificationHook, VerificationHookServer};
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use liufang_proto::identity::v1::person_service_client::PersonServiceClient;
use liufang_proto::identity::v1::token_service_client::TokenServiceClient;
use liufang_proto::identity::v1::verification_service_client::VerificationServiceClient;
use liufang_proto::{order::v1 as order, prescription::v1 as prescription, settlement::v1 as settlement};
use order::person_need_service_server::PersonNeedServiceServer as OrderNeeds;
use prescription::person_need_service_server::PersonNeedServiceServer as PrescriptionNeeds;
use settlement::person_need_service_server::PersonNeedServiceServer as SettlementNeeds;
use tokio::sync::Notify;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::{MIGRATIONS, ROLE};

/// What the provider answers next; pass when the list is empty.
#[derive(Clone, Default)]
pub struct Provider(Arc<Mutex<Played>>, Arc<Notify>);

#[derive(Default)]
struct Played {
    answers: Vec<Option<hook::CheckOutcome>>,
    held: bool,
    texts: Vec<String>,
    shown: Vec<String>,
    calls: usize,
    /// Request ids of checks.
    asked: Vec<String>,
    /// What is said of a check that was pending; nothing is known of it when this is none.
    later: Option<hook::CheckOutcome>,
    queried: Vec<String>,
}

impl Provider {
    /// The next answer is a refusal.
    pub fn fail(&self) {
        self.push(Some(hook::CheckOutcome::Fail));
    }
    /// The next answer is "no answer".
    pub fn silent(&self) {
        self.push(Some(hook::CheckOutcome::NoAnswer));
    }
    /// The next answer is "still at work", and asked later it says `later`.
    pub fn pending(&self, later: Option<hook::CheckOutcome>) {
        self.push(Some(hook::CheckOutcome::Pending));
        self.later(later);
    }
    pub fn later(&self, later: Option<hook::CheckOutcome>) {
        self.0.lock().unwrap().later = later;
    }
    /// Request ids of checks, and those that were asked for again.
    pub fn asked(&self) -> (Vec<String>, Vec<String>) {
        let played = self.0.lock().unwrap();
        (played.asked.clone(), played.queried.clone())
    }
    /// The next call fails.
    pub fn broken(&self) {
        self.push(None);
    }
    /// The next answer waits until it is released.
    pub fn hold(&self) {
        self.0.lock().unwrap().held = true;
    }
    pub fn release(&self) {
        self.1.notify_one();
    }
    fn push(&self, answer: Option<hook::CheckOutcome>) {
        self.0.lock().unwrap().answers.push(answer);
    }
    pub fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }
    /// Which documents were shown to which check.
    pub fn shown(&self) -> Vec<String> {
        self.0.lock().unwrap().shown.clone()
    }
    fn show(&self, check: &str, cert_type: &str) {
        self.0.lock().unwrap().shown.push(format!("{check} {cert_type}"));
    }
    /// The code in the last message.
    pub fn code(&self) -> String {
        let played = self.0.lock().unwrap();
        let text = played.texts.last().unwrap();
        text.chars().skip_while(|c| !c.is_ascii_digit()).take(6).collect()
    }
    async fn answer(&self) -> Result<i32, Status> {
        let held = std::mem::take(&mut self.0.lock().unwrap().held);
        if held {
            self.1.notified().await;
        }
        let mut played = self.0.lock().unwrap();
        played.calls += 1;
        let next =
            if played.answers.is_empty() { Some(hook::CheckOutcome::Pass) } else { played.answers.remove(0) };
        next.map(Into::into).ok_or_else(|| Status::unavailable("down"))
    }
}

/// Prescription, order and settlement, as far as they are asked who is still needed.
#[derive(Clone, Default)]
pub struct Needs(Arc<Mutex<&'static str>>);

impl Needs {
    pub fn set(&self, needed_by: &'static str) {
        *self.0.lock().unwrap() = needed_by;
    }
    fn word(&self, of: &[&str]) -> String {
        let word = *self.0.lock().unwrap();
        of.iter().find(|own| **own == word).map(|own| (*own).to_owned()).unwrap_or_default()
    }
}

#[tonic::async_trait]
impl prescription::person_need_service_server::PersonNeedService for Needs {
    async fn check_person_needed(
        &self,
        _: Request<prescription::CheckPersonNeededRequest>,
    ) -> Result<Response<prescription::CheckPersonNeededResponse>, Status> {
        let needed_by = self.word(&["visit_open", "prescription_in_force"]);
        Ok(Response::new(prescription::CheckPersonNeededResponse { needed_by }))
    }
}

#[tonic::async_trait]
impl order::person_need_service_server::PersonNeedService for Needs {
    async fn check_person_needed(
        &self,
        _: Request<order::CheckPersonNeededRequest>,
    ) -> Result<Response<order::CheckPersonNeededResponse>, Status> {
        if *self.0.lock().unwrap() == "nobody knows" {
            return Err(Status::unavailable("down"));
        }
        Ok(Response::new(order::CheckPersonNeededResponse { needed_by: self.word(&["order_open"]) }))
    }
}

#[tonic::async_trait]
impl settlement::person_need_service_server::PersonNeedService for Needs {
    async fn check_person_needed(
        &self,
        _: Request<settlement::CheckPersonNeededRequest>,
    ) -> Result<Response<settlement::CheckPersonNeededResponse>, Status> {
        let needed_by = self.word(&["payment_open", "account_balance"]);
        Ok(Response::new(settlement::CheckPersonNeededResponse { needed_by }))
    }
}

#[tonic::async_trait]
impl VerificationHook for Provider {
    async fn check_identity(
        &self,
        request: Request<hook::CheckIdentityRequest>,
    ) -> Result<Response<hook::CheckIdentityResponse>, Status> {
        let request = request.into_inner();
        self.show("identity", &request.psn_cert_type);
        self.0.lock().unwrap().asked.push(request.request_id);
        Ok(Response::new(hook::CheckIdentityResponse { outcome: self.answer().await? }))
    }
    async fn send_message(
        &self,
        request: Request<hook::SendMessageRequest>,
    ) -> Result<Response<hook::SendMessageResponse>, Status> {
        self.0.lock().unwrap().texts.push(request.into_inner().text);
        Ok(Response::new(hook::SendMessageResponse { outcome: self.answer().await? }))
    }
    async fn check_carrier(
        &self,
        request: Request<hook::CheckCarrierRequest>,
    ) -> Result<Response<hook::CheckCarrierResponse>, Status> {
        let request = request.into_inner();
        self.show("carrier", &request.psn_cert_type);
        self.0.lock().unwrap().asked.push(request.request_id);
        Ok(Response::new(hook::CheckCarrierResponse { outcome: self.answer().await? }))
    }
    async fn query_check(
        &self,
        request: Request<hook::QueryCheckRequest>,
    ) -> Result<Response<hook::QueryCheckResponse>, Status> {
        let mut played = self.0.lock().unwrap();
        played.queried.push(request.into_inner().request_id);
        let outcome = played.later.ok_or_else(|| Status::not_found("no such check"))?;
        let proof_serial = "serial-2".to_owned();
        Ok(Response::new(hook::QueryCheckResponse { outcome: outcome.into(), proof_serial }))
    }
    async fn check_face(
        &self,
        request: Request<hook::CheckFaceRequest>,
    ) -> Result<Response<hook::CheckFaceResponse>, Status> {
        let request = request.into_inner();
        self.show("face", &request.psn_cert_type);
        self.0.lock().unwrap().asked.push(request.request_id);
        Ok(Response::new(hook::CheckFaceResponse {
            outcome: self.answer().await?,
            proof_serial: "serial-1".to_owned(),
        }))
    }
}

/// A plainly invented person.
#[derive(Clone)]
pub struct Human {
    pub name: &'static str,
    pub certno: String,
    pub phone: &'static str,
}

pub struct Town {
    pub world: World,
    /// For the steps of its workers.
    pub app: crate::app::App,
    pub stack: ServerStack,
    pub provider: Provider,
    /// Another company, `hook.second`.
    pub second: Provider,
    pub needs: Needs,
    pub employee: Human,
    pub resident: Human,
    pub outsider: Human,
}

pub fn human(name: &'static str, head: &str, phone: &'static str) -> Human {
    let certno = format!("{head}{}", check_digit(head.as_bytes()) as char);
    Human { name, certno, phone }
}

/// An import row of a person with one insurance.
pub fn row(human: &Human, insutype: &str, place: &str) -> pb::PersonRow {
    pb::PersonRow {
        psn_name: human.name.to_owned(),
        certno: human.certno.clone(),
        phone: String::new(),
        insurances: vec![pb::Insurance {
            insutype: insutype.to_owned(),
            psn_type: "1101".to_owned(),
            insuplc_admdvs: place.to_owned(),
            state: 1,
            begin_date: "2015-01-01".to_owned(),
            end_date: String::new(),
        }],
        chronic: vec![pb::ChronicRegistration {
            dise_codg: "M03900".to_owned(),
            dise_name: "高血压".to_owned(),
            begin_date: "2023-03-01".to_owned(),
            end_date: String::new(),
        }],
        allergies: vec!["青霉素".to_owned()],
        ..Default::default()
    }
}

impl Town {
    pub async fn new() -> Town {
        // most stories are not about certificates
        let settings = serde_json::json!({ "uncertified_keys": true });
        Town::with(Settings::new(settings.as_object().cloned().unwrap())).await
    }

    /// A town whose identity has these settings.
    pub async fn with(settings: Settings) -> Town {
        let packs = [
            include_str!("../../../../deploy/regions/beijing.toml"),
            include_str!("../../../../deploy/regions/qinhuangdao.toml"),
        ];
        let mut world = world(ROLE, MIGRATIONS, &packs).await;
        world.deps.settings = settings;
        let (provider, second) = (Provider::default(), Provider::default());
        let module = crate::module(world.deps.clone());
        let app = crate::app::App::new(&world.deps);
        let routes = module.routes;
        let hooks = Routes::new(VerificationHookServer::new(provider.clone()));
        let others = Routes::new(VerificationHookServer::new(second.clone()));
        let needs = Needs::default();
        let prescriptions = Routes::new(PrescriptionNeeds::new(needs.clone()));
        let orders = Routes::new(OrderNeeds::new(needs.clone()));
        let payments = Routes::new(SettlementNeeds::new(needs.clone()));
        world.bind([
            (ROLE, routes.clone()),
            ("hook.verification", hooks),
            ("hook.second", others),
            ("prescription", prescriptions),
            ("order", orders),
            ("settlement", payments),
        ]);
        let stack = world.stack(ROLE, routes);
        let town = Town {
            app,
            world,
            stack,
            provider,
            second,
            needs,
            employee: human("测试甲", "11010519740918008", "19900000001"),
            resident: human("测试乙", "11010119800101001", "19900000002"),
            outsider: human("测试丙", "13030219740529015", "19900000003"),
        };
        let rows = vec![
            row(&town.employee, "310", "110105"),
            row(&town.resident, "390", "110101"),
            row(&town.outsider, "310", "130302"),
        ];
        town.import(rows).await;
        town
    }

    /// Imports persons; every row must be taken.
    pub async fn import(&self, rows: Vec<pb::PersonRow>) -> Vec<String> {
        let operator = self.token(PrincipalKind::Operator, "operator", "");
        let count = rows.len();
        let request = self.call(pb::ImportPersonsRequest { rows }, &operator);
        let answer = self.persons().import_persons(request).await.unwrap().into_inner();
        assert!(answer.errors.is_empty() && answer.person_ids.len() == count);
        answer.person_ids
    }

    pub fn verifications(&self) -> VerificationServiceClient<ServerStack> {
        VerificationServiceClient::new(self.stack.clone())
    }
    pub fn tokens(&self) -> TokenServiceClient<ServerStack> {
        TokenServiceClient::new(self.stack.clone())
    }
    pub fn persons(&self) -> PersonServiceClient<ServerStack> {
        PersonServiceClient::new(self.stack.clone())
    }
    pub fn institutions(&self) -> InstitutionServiceClient<ServerStack> {
        InstitutionServiceClient::new(self.stack.clone())
    }

    /// Whose token it is.
    pub fn person_of(&self, token: &str) -> String {
        self.world.deps.tokens.verify(token, liufang_kernel::Timestamp(0)).unwrap().subject
    }

    /// A token of one of a pharmacy's machines.
    pub fn token_through(&self, pharmacy: &str, client: &str) -> String {
        self.signed(PrincipalKind::Pos, pharmacy, client, "")
    }

    /// A token of any kind, as identity would sign it.
    pub fn token(&self, kind: PrincipalKind, subject: &str, region: &str) -> String {
        self.signed(kind, subject, "", region)
    }

    fn signed(&self, kind: PrincipalKind, subject: &str, client: &str, region: &str) -> String {
        let now = self.world.clock.now().seconds();
        let claims = Claims {
            sub: subject.to_owned(),
            kind,
            client: client.to_owned(),
            region: region.to_owned(),
            iat: now,
            exp: now + 86_400,
            jti: self.world.deps.ids.next("t"),
            act: String::new(),
            sid: String::new(),
        };
        self.world.deps.tokens.sign(&claims).unwrap()
    }

    /// A request with a fresh key; an empty token is anonymous.
    pub fn call<T>(&self, body: T, token: &str) -> Request<T> {
        let key = self.world.deps.ids.next("key");
        self.keyed(body, token, &key)
    }

    pub fn keyed<T>(&self, body: T, token: &str, key: &str) -> Request<T> {
        let mut request = Request::new(body);
        request.metadata_mut().insert("idempotency-key", key.parse().unwrap());
        if !token.is_empty() {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        request
    }

    /// Opens a session, anonymously.
    pub async fn start(&self, human: &Human, purpose: pb::Purpose) -> Result<pb::Verification, Refusal> {
        let body = pb::StartVerificationRequest {
            purpose: purpose.into(),
            psn_name: human.name.to_owned(),
            psn_cert_type: String::new(),
            certno: human.certno.clone(),
            phone: human.phone.to_owned(),
        };
        let answer =
            self.verifications().start_verification(self.call(body, "")).await.map_err(Refusal::from)?;
        Ok(answer.into_inner().verification.unwrap())
    }

    pub async fn send(&self, id: &str) -> Result<pb::Verification, Refusal> {
        let body = pb::SendPhoneCodeRequest { verification_id: id.to_owned() };
        let answer =
            self.verifications().send_phone_code(self.call(body, "")).await.map_err(Refusal::from)?;
        Ok(answer.into_inner().verification.unwrap())
    }

    pub async fn type_code(&self, id: &str, code: &str) -> Result<pb::Verification, Refusal> {
        let body = pb::VerifyPhoneCodeRequest { verification_id: id.to_owned(), code: code.to_owned() };
        let answer =
            self.verifications().verify_phone_code(self.call(body, "")).await.map_err(Refusal::from)?;
        Ok(answer.into_inner().verification.unwrap())
    }

    pub async fn face(&self, id: &str) -> Result<pb::Verification, Refusal> {
        self.face_at(id, "").await
    }

    /// With a capture of a provider.
    pub async fn face_at(&self, id: &str, provider: &str) -> Result<pb::Verification, Refusal> {
        let body = pb::VerifyFaceRequest {
            verification_id: id.to_owned(),
            capture_ref: "capture-1".to_owned(),
            provider: provider.to_owned(),
        };
        let answer = self.verifications().verify_face(self.call(body, "")).await.map_err(Refusal::from)?;
        Ok(answer.into_inner().verification.unwrap())
    }

    /// Every step of a session, passed.
    pub async fn verified(&self, human: &Human, purpose: pb::Purpose) -> String {
        let id = self.start(human, purpose).await.unwrap().verification_id;
        self.send(&id).await.unwrap();
        self.type_code(&id, &self.provider.code()).await.unwrap();
        assert!(self.face(&id).await.unwrap().complete);
        id
    }

    pub async fn sign_in(&self, verification_id: &str) -> Result<pb::SignInResponse, Refusal> {
        let body = pb::SignInRequest { verification_id: verification_id.to_owned() };
        Ok(self.tokens().sign_in(self.call(body, "")).await.map_err(Refusal::from)?.into_inner())
    }

    /// A registered person: id and access token.
    pub async fn registered(&self, human: &Human) -> (String, String) {
        let id = self.verified(human, pb::Purpose::Register).await;
        let signed = self.sign_in(&id).await.unwrap();
        (signed.person_id, signed.tokens.unwrap().access_token)
    }
}

/// Runs all at once.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).map(Some).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (slot, answer) in running.iter_mut().zip(&mut done) {
            let Some(future) = slot else { continue };
            if let std::task::Poll::Ready(output) = future.as_mut().poll(context) {
                *answer = Some(output);
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Reason and metadata of a refused call.
#[derive(Debug)]
pub struct Refusal(PeerFault);

impl From<Status> for Refusal {
    fn from(status: Status) -> Refusal {
        Refusal(status.into())
    }
}

impl Refusal {
    pub fn reason(&self) -> &str {
        self.0.reason()
    }
    pub fn meta(&self, key: &str) -> &str {
        self.0.meta(key).unwrap_or_default()
    }
}

/// The reason of a call that must be refused.
#[track_caller]
pub fn reason<T, E: Into<Refusal>>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => panic!("was not refused"),
        Err(refusal) => refusal.into().reason().to_owned(),
    }
}

/// State of every step, as its contract number.
pub fn states(verification: &pb::Verification) -> Vec<i32> {
    verification.steps.iter().map(|step| step.state).collect()
}
