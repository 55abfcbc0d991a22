//! A hospital, a patient, two pharmacies and the order service around the service under test.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_platform::mesh::MeshKey;
use liufang_platform::metrics::Gauge;
use liufang_platform::stack::ServerStack;
use liufang_platform::testing::{self, World};
use liufang_platform::worker::Worker;
use liufang_platform::{Claims, Consumer, Event, PeerFault, PrincipalKind, Settings};
use liufang_proto::prescription::v1 as pb;
use pb::circulation_service_client::CirculationServiceClient;
use pb::prescribing_service_client::PrescribingServiceClient;
use pb::prescription_service_client::PrescriptionServiceClient;
use pb::visit_service_client::VisitServiceClient;
use sm2::dsa::signature::Signer as _;
use sm2::dsa::{Signature, SigningKey};
use tonic::{Request, Response, Status};

use super::hospital::Hospital;
use super::peers::*;
use crate::signature::USER_ID;

pub struct Town {
    pub world: World,
    stack: ServerStack,
    workers: Vec<Worker>,
    doctor: SigningKey,
    pharmacist: SigningKey,
    /// First registration of every doctor; empty: not known.
    pub practice_from: Arc<Mutex<String>>,
    keys: AtomicU64,
    consumers: Vec<Consumer>,
    gauges: Vec<Gauge>,
    /// The system of [`HOSPITAL`], and that of `H13030200002`.
    pub his: Hospital,
    pub other_his: Hospital,
}

/// Who calls.
#[derive(Clone, Copy)]
pub enum Who {
    Patient(&'static str),
    His(&'static str),
    Pos(&'static str),
    Order,
}

fn public(key: &SigningKey) -> String {
    STANDARD.encode(key.verifying_key().to_sec1_bytes())
}

pub fn reason<T>(answer: Result<T, Box<PeerFault>>) -> String {
    answer.err().map_or_else(|| "OK".to_owned(), |fault| fault.reason().to_owned())
}

pub async fn town() -> Town {
    let pack = include_str!("../../../../deploy/regions/qinhuangdao.toml");
    town_under(pack).await
}

/// A town with a region pack of its own.
pub async fn town_under(pack: &str) -> Town {
    let mut world = testing::world(crate::ROLE, crate::MIGRATIONS, &[pack]).await;
    let hospitals = serde_json::json!({ "hospitals": [format!("{HOSPITAL}=his"), "H13030200002=other_his"] });
    world.deps.settings = Settings::new(hospitals.as_object().cloned().unwrap_or_default());
    let (his, other_his) = (Hospital::new(), Hospital::new());
    let doctor = SigningKey::from_slice(USER_ID, &[7; 32]).unwrap();
    let pharmacist = SigningKey::from_slice(USER_ID, &[8; 32]).unwrap();
    let practice_from = Arc::new(Mutex::new("2005-07-01".to_owned()));
    let identity = Identity {
        doctor_key: public(&doctor),
        pharmacist_key: public(&pharmacist),
        practice_from: practice_from.clone(),
    };
    world.bind([
        ("identity", identity_routes(identity)),
        ("inventory", inventory_routes()),
        ("hook.his", his.routes()),
        ("hook.other_his", other_his.routes()),
    ]);
    let module = crate::module(world.deps.clone());
    let stack = world.stack(crate::ROLE, module.routes);
    Town {
        world,
        stack,
        workers: module.workers,
        doctor,
        pharmacist,
        practice_from,
        keys: AtomicU64::new(0),
        consumers: module.consumers,
        gauges: module.gauges,
        his,
        other_his,
    }
}

impl Town {
    pub fn visits(&self) -> VisitServiceClient<ServerStack> {
        VisitServiceClient::new(self.stack.clone())
    }
    pub fn prescribing(&self) -> PrescribingServiceClient<ServerStack> {
        PrescribingServiceClient::new(self.stack.clone())
    }
    pub fn prescriptions(&self) -> PrescriptionServiceClient<ServerStack> {
        PrescriptionServiceClient::new(self.stack.clone())
    }
    pub fn circulation(&self) -> CirculationServiceClient<ServerStack> {
        CirculationServiceClient::new(self.stack.clone())
    }

    fn token(&self, kind: PrincipalKind, subject: &str, client: &str) -> String {
        let now = self.world.deps.clock.now().seconds();
        let claims = Claims {
            sub: subject.to_owned(),
            kind,
            client: client.to_owned(),
            region: String::new(),
            iat: now,
            exp: now + 300,
            jti: "test".to_owned(),
            act: String::new(),
            sid: String::new(),
        };
        self.world.deps.tokens.sign(&claims).unwrap()
    }

    /// A practitioner's token.
    pub fn staff(&self, code: &str, institution: &str) -> String {
        self.token(PrincipalKind::Practitioner, code, institution)
    }

    pub fn doctor_token(&self) -> String {
        self.staff(DOCTOR, HOSPITAL)
    }

    /// A request with credential and a fresh idempotency key.
    pub fn ask<T>(&self, who: Who, body: T) -> Request<T> {
        let key = format!("test-key-{}", self.keys.fetch_add(1, Ordering::SeqCst));
        self.ask_keyed(who, body, &key)
    }

    pub fn ask_keyed<T>(&self, who: Who, body: T, key: &str) -> Request<T> {
        let mut request = Request::new(body);
        let metadata = request.metadata_mut();
        metadata.insert("idempotency-key", key.parse().unwrap());
        let token = match who {
            Who::Patient(person) => self.token(PrincipalKind::Patient, person, ""),
            Who::His(code) => self.token(PrincipalKind::His, code, ""),
            Who::Pos(code) => self.token(PrincipalKind::Pos, code, ""),
            Who::Order => {
                let proof = MeshKey::new("test mesh").prove("order").unwrap();
                metadata.insert(MeshKey::HEADER, proof.parse().unwrap());
                return request;
            }
        };
        metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    /// Runs every worker once.
    pub async fn work(&self) {
        for worker in &self.workers {
            worker.step().await.unwrap();
        }
    }

    /// Delivers an event to whoever consumes it.
    pub async fn hear(&self, event: Event) {
        let consumer = self.consumers.iter().find(|consumer| consumer.topic == event.topic).unwrap();
        consumer.deliver(event).await.unwrap();
    }

    /// A number of the metrics.
    pub async fn gauge(&self, name: &str) -> i64 {
        self.gauges.iter().find(|gauge| gauge.name == name).unwrap().read().await.unwrap()
    }

    pub async fn publish(&self, slot_id: &str, capacity: i32) {
        self.publish_at(slot_id, capacity, (HOSPITAL, DOCTOR)).await;
    }

    /// A slot of a hospital's doctor.
    pub async fn publish_at(
        &self,
        slot_id: &str,
        capacity: i32,
        (hospital, doctor): (&'static str, &'static str),
    ) {
        let starts = self.world.deps.clock.now().plus_seconds(60);
        let slot = pb::Slot {
            slot_id: slot_id.to_owned(),
            fixmedins_code: hospital.to_owned(),
            dept: "心血管内科".to_owned(),
            doctor_code: doctor.to_owned(),
            starts_at_us: starts.0,
            ends_at_us: starts.plus_seconds(1_800).0,
            capacity,
            ..Default::default()
        };
        let request = self.ask(Who::His(hospital), pb::PublishSlotsRequest { rows: vec![slot] });
        let errors = taken(self.visits().publish_slots(request).await).unwrap().errors;
        assert!(errors.is_empty(), "{}", errors.first().map(|row| row.message.clone()).unwrap_or_default());
    }

    pub async fn book(
        &self,
        person: &'static str,
        edit: impl FnOnce(&mut pb::BookVisitRequest),
    ) -> Result<pb::Visit, Box<PeerFault>> {
        let mut body = pb::BookVisitRequest {
            slot_id: "s1".to_owned(),
            fixmedins_code: HOSPITAL.to_owned(),
            dise_codg: "M03900".to_owned(),
            first_rx_ref: "FIRST-1".to_owned(),
            condition: "血压平稳".to_owned(),
        };
        edit(&mut body);
        let answer = self.visits().book_visit(self.ask(Who::Patient(person), body)).await;
        Ok(taken(answer)?.visit.unwrap())
    }

    /// A completed visit.
    pub async fn consulted(&self) -> String {
        self.publish("s1", 50).await;
        let visit_id = self.book(PATIENT, |_| {}).await.unwrap().visit_id;
        let paid = pb::MarkVisitPaidRequest { visit_id: visit_id.clone(), order_id: "ord_c".to_owned() };
        taken(self.visits().mark_visit_paid(self.ask(Who::Order, paid)).await).unwrap();
        let take = pb::TakeVisitRequest { visit_id: visit_id.clone(), doctor_token: self.doctor_token() };
        let seen = taken(self.visits().take_visit(self.ask(Who::His(HOSPITAL), take)).await).unwrap();
        assert_eq!(seen.psn_name, "测试甲");
        assert_eq!(seen.visit.unwrap().condition, "血压平稳");
        let record = pb::RecordConsultationRequest {
            visit_id: visit_id.clone(),
            doctor_token: self.doctor_token(),
            record: "复诊，血压平稳，续方".to_owned(),
            diag_code: "I10".to_owned(),
            follow_up: true,
        };
        taken(self.visits().record_consultation(self.ask(Who::His(HOSPITAL), record)).await).unwrap();
        visit_id
    }

    pub fn sheet(&self, visit_id: &str, hosp_rxno: &str) -> pb::PreVerifyRequest {
        pb::PreVerifyRequest {
            visit_id: visit_id.to_owned(),
            doctor_token: self.doctor_token(),
            hosp_rxno: hosp_rxno.to_owned(),
            vali_days: 3,
            long_rx: false,
            lines: vec![line(1, AMLODIPINE, "5"), line(2, VALSARTAN, "80")],
            ..Default::default()
        }
    }

    pub async fn pre_verify(&self, sheet: pb::PreVerifyRequest) -> Result<pb::Prescription, Box<PeerFault>> {
        let answer = self.prescribing().pre_verify(self.ask(Who::His(HOSPITAL), sheet)).await;
        Ok(taken(answer)?.prescription.unwrap())
    }

    pub async fn review_draft(&self, hi_rxno: &str, pass: bool) -> Result<pb::Prescription, Box<PeerFault>> {
        let body = pb::ReviewDraftRequest {
            hi_rxno: hi_rxno.to_owned(),
            pharmacist_token: self.staff(HOSPITAL_PHARMACIST, HOSPITAL),
            pass,
            opinion: "用药合理".to_owned(),
        };
        let answer = self.prescribing().review_draft(self.ask(Who::His(HOSPITAL), body)).await;
        Ok(taken(answer)?.prescription.unwrap())
    }

    pub async fn document(&self, hi_rxno: &str) -> Vec<u8> {
        let body = pb::GetSigningDocumentRequest { hi_rxno: hi_rxno.to_owned() };
        let answer = self.prescribing().get_signing_document(self.ask(Who::His(HOSPITAL), body)).await;
        taken(answer).unwrap().document
    }

    pub fn sign(&self, document: &[u8]) -> (String, String) {
        let sign = |key: &SigningKey| {
            let signature: Signature = key.sign(document);
            STANDARD.encode(signature.to_bytes())
        };
        (sign(&self.doctor), sign(&self.pharmacist))
    }

    pub async fn upload(
        &self,
        rx: &pb::Prescription,
        (doctor_signature, pharmacist_signature): (String, String),
    ) -> Result<pb::Prescription, Box<PeerFault>> {
        let (hi_rxno, rx_trace_code) = (rx.hi_rxno.clone(), rx.rx_trace_code.clone());
        let body = pb::UploadRequest { hi_rxno, rx_trace_code, doctor_signature, pharmacist_signature };
        let answer = self.prescribing().upload(self.ask(Who::His(HOSPITAL), body)).await;
        Ok(taken(answer)?.prescription.unwrap())
    }

    /// An active prescription.
    pub async fn active(&self, hosp_rxno: &str) -> pb::Prescription {
        self.active_with(hosp_rxno, |_| {}).await
    }

    pub async fn active_with(
        &self,
        hosp_rxno: &str,
        edit: impl FnOnce(&mut pb::PreVerifyRequest),
    ) -> pb::Prescription {
        let visit_id = self.consulted().await;
        let mut sheet = self.sheet(&visit_id, hosp_rxno);
        edit(&mut sheet);
        let rx = self.pre_verify(sheet).await.unwrap();
        self.review_draft(&rx.hi_rxno, true).await.unwrap();
        let signatures = self.sign(&self.document(&rx.hi_rxno).await);
        self.upload(&rx, signatures).await.unwrap()
    }

    pub async fn nominate(
        &self,
        hi_rxno: &str,
        pharmacy: &str,
        order_id: &str,
    ) -> Result<pb::Prescription, Box<PeerFault>> {
        let body = pb::NominateRequest {
            hi_rxno: hi_rxno.to_owned(),
            person_id: PATIENT.to_owned(),
            fixmedins_code: pharmacy.to_owned(),
            order_id: order_id.to_owned(),
        };
        Ok(taken(self.prescriptions().nominate(self.ask(Who::Order, body)).await)?.prescription.unwrap())
    }

    /// The pharmacy's open work.
    pub async fn queue(&self, pharmacy: &'static str) -> Vec<pb::QueueItem> {
        let request = self.ask(Who::Pos(pharmacy), pb::ListPharmacyQueueRequest {});
        taken(self.circulation().list_pharmacy_queue(request).await).unwrap().items
    }

    pub async fn claim(
        &self,
        pharmacy: &'static str,
        epc_token: &str,
    ) -> Result<pb::ClaimResponse, Box<PeerFault>> {
        let body = pb::ClaimRequest { epc_token: epc_token.to_owned() };
        taken(self.circulation().claim(self.ask(Who::Pos(pharmacy), body)).await)
    }

    pub async fn review(
        &self,
        hi_rxno: &str,
        secret: &str,
        pass: bool,
    ) -> Result<pb::Prescription, Box<PeerFault>> {
        let body = pb::ReviewRequest {
            hi_rxno: hi_rxno.to_owned(),
            secret: secret.to_owned(),
            pharmacist_token: self.staff(SHOP_PHARMACIST, PHARMACY),
            pass,
            opinion: "四查十对，同意调配".to_owned(),
            second_pharmacist_token: String::new(),
        };
        let answer = self.circulation().review(self.ask(Who::Pos(PHARMACY), body)).await;
        Ok(taken(answer)?.prescription.unwrap())
    }

    /// What the order asks before it sells.
    pub async fn check_dispense(&self, hi_rxno: &str, order_id: &str, secret: &str) -> String {
        let [hi_rxno, order_id, secret] = [hi_rxno, order_id, secret].map(str::to_owned);
        let body = pb::CheckDispenseRequest { hi_rxno, order_id, secret };
        reason(taken(self.circulation().check_dispense(self.ask(Who::Order, body)).await))
    }

    pub async fn dispense(
        &self,
        hi_rxno: &str,
        secret: &str,
        parts: &[(i32, &str, &str)],
    ) -> Result<pb::Prescription, Box<PeerFault>> {
        let lines = parts.iter().map(|(line_no, drug, quantity)| pb::DispensedLine {
            line_no: *line_no,
            quantity: (*quantity).to_owned(),
            med_list_codg: (*drug).to_owned(),
            manu_lotnum: "L1".to_owned(),
            bchno: String::new(),
        });
        let body = pb::RecordDispenseRequest {
            hi_rxno: hi_rxno.to_owned(),
            order_id: "ord_1".to_owned(),
            secret: secret.to_owned(),
            lines: lines.collect(),
            last: false,
        };
        let answer = self.circulation().record_dispense(self.ask(Who::Order, body)).await;
        Ok(taken(answer)?.prescription.unwrap())
    }

    pub async fn get(&self, who: Who, hi_rxno: &str) -> Result<pb::Prescription, Box<PeerFault>> {
        let body = pb::GetPrescriptionRequest { hi_rxno: hi_rxno.to_owned() };
        Ok(taken(self.prescriptions().get_prescription(self.ask(who, body)).await)?.prescription.unwrap())
    }

    /// The prescriber revokes; `when_given_back` marks what is held.
    pub async fn revoke(
        &self,
        hi_rxno: &str,
        when_given_back: bool,
    ) -> Result<pb::Prescription, Box<PeerFault>> {
        let body = pb::RevokeRequest {
            hi_rxno: hi_rxno.to_owned(),
            doctor_token: self.doctor_token(),
            reason: "误开".to_owned(),
            when_given_back,
            later_uses: false,
        };
        let answer = self.prescribing().revoke(self.ask(Who::His(HOSPITAL), body)).await;
        Ok(taken(answer)?.prescription.unwrap())
    }

    pub async fn give_back(&self, hi_rxno: &str, secret: &str) -> Result<pb::Prescription, Box<PeerFault>> {
        let (hi_rxno, secret) = (hi_rxno.to_owned(), secret.to_owned());
        let body = pb::GiveBackRequest { hi_rxno, secret, reason: "缺货".to_owned() };
        let answer = self.circulation().give_back(self.ask(Who::Pos(PHARMACY), body)).await;
        Ok(taken(answer)?.prescription.unwrap())
    }

    pub async fn reverse(&self, hi_rxno: &str, order_id: &str) -> Result<pb::Prescription, Box<PeerFault>> {
        let body = pb::ReverseDispenseRequest { hi_rxno: hi_rxno.to_owned(), order_id: order_id.to_owned() };
        let answer = self.circulation().reverse_dispense(self.ask(Who::Order, body)).await;
        Ok(taken(answer)?.prescription.unwrap())
    }

    /// Chosen for [`PHARMACY`] and claimed by it; answers the secret.
    pub async fn claimed(&self, hi_rxno: &str, order_id: &str) -> String {
        self.nominate(hi_rxno, PHARMACY, order_id).await.unwrap();
        let queue = self.queue(PHARMACY).await;
        let item = queue.into_iter().find(|item| item.hi_rxno == hi_rxno).unwrap();
        self.claim(PHARMACY, &item.epc_token).await.unwrap().secret
    }

    /// The hospital's feed after `after`: numbers, states and uses.
    pub async fn story(&self, after: i64) -> Vec<(String, i32, i32)> {
        use tokio_stream::StreamExt as _;
        let body = pb::WatchPrescriptionsRequest { after_sequence: after, stop_at_end: true };
        let request = self.ask(Who::His(HOSPITAL), body);
        let stream = taken(self.circulation().watch_prescriptions(request).await).unwrap();
        let rows: Vec<_> = stream.collect().await;
        let rows = rows.into_iter().map(|row| taken(row.map(Response::new)).unwrap());
        rows.map(|row| (row.hi_rxno, row.state, row.use_state)).collect()
    }

    /// How many events of a type wait in the outbox.
    pub async fn events(&self, topic: &str) -> i64 {
        use sea_orm::{ConnectionTrait as _, Statement};
        let sql = "SELECT COUNT(*) AS n FROM outbox WHERE topic = $1";
        let topic = format!("liufang.prescription.v1.{topic}");
        let statement = Statement::from_sql_and_values(self.world.deps.db.backend(), sql, [topic.into()]);
        let row = self.world.deps.db.read().query_one_raw(statement).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    }
}

pub fn taken<T>(answer: Result<Response<T>, Status>) -> Result<T, Box<PeerFault>> {
    answer.map(Response::into_inner).map_err(|status| Box::new(PeerFault::from(status)))
}

pub fn line(line_no: i32, drug: &str, dose: &str) -> pb::RxLine {
    pb::RxLine {
        line_no,
        med_list_codg: drug.to_owned(),
        medc_way_codg: "1".to_owned(),
        sin_doscnt: dose.to_owned(),
        sin_dosunt: "mg".to_owned(),
        used_frqu_codg: "11".to_owned(),
        medc_days: "28".to_owned(),
        drug_cnt: "4".to_owned(),
        drug_dosunt: "盒".to_owned(),
        drug_pric: "21.5".to_owned(),
        hosp_appr_flag: "0".to_owned(),
        ..Default::default()
    }
}
