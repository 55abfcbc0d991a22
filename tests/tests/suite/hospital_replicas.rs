//! Hospitals with systems of their own beside processes of every role, two replicas each: one that is dead holds up no other, and
//! nobody is told twice because there are two of us.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use liufang::client::{Claimed, Patient};
use liufang_proto::common::v1::Channel;
use liufang_proto::hooks::v1 as hooks;
use liufang_proto::order::v1::OrderState;
use liufang_proto::prescription::v1::{
    BookVisitRequest, ListNoticesRequest, ListSlotsRequest, Notice, PreVerifyRequest, Prescription,
    RecordConsultationRequest, ReviewDraftRequest, TakeVisitRequest,
};
use liufang_tests::world::run_in;
use liufang_tests::{Shape, World, eventually};
use tokio::net::TcpListener;
use tonic::transport::server::{Server, TcpIncoming};
use tonic::{Request, Response, Status};

use super::cast::*;

/// A doctor and the pharmacist of [`OTHER_HOSPITAL`].
const ITS_DOCTOR: &str = "D130302000009";
const ITS_PHARMACIST: &str = "HY130302000003";
/// Has diabetes.
const ITS_PATIENT: u32 = 2;
/// Have hypertension.
const PATIENTS: [u32; 3] = [1, 34, 40];

/// What a hospital's own system saw.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    /// A notice came: kind and id.
    Came(&'static str, String),
    /// We hung up before it answered.
    HungUp,
}

/// A hospital's own system: a slow one takes long enough for the other replica to come by, a dead one never answers.
#[derive(Clone, Default)]
struct Hospital {
    dead: bool,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A call that has no answer yet.
struct Open<'a>(&'a Hospital, bool);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.seen.lock().unwrap().push(Seen::HungUp);
        }
    }
}

impl Hospital {
    /// It, and where it listens.
    async fn start(dead: bool) -> (Hospital, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let own = Hospital { dead, ..Hospital::default() };
        let service = hooks::hospital_hook_server::HospitalHookServer::new(own.clone());
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
        (own, url)
    }

    async fn hear(&self, kind: &'static str, id: String) {
        self.seen.lock().unwrap().push(Seen::Came(kind, id));
        let mut open = Open(self, false);
        match self.dead {
            true => std::future::pending().await,
            false => tokio::time::sleep(Duration::from_millis(1_500)).await,
        }
        open.1 = true;
    }

    /// What came, in its order, doubles too.
    fn told(&self) -> Vec<(&'static str, String)> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter_map(|one| if let Seen::Came(kind, id) = one { Some((*kind, id.clone())) } else { None })
            .collect()
    }

    /// Ids of what came.
    fn ids(&self) -> BTreeSet<String> {
        self.told().into_iter().map(|(_, id)| id).collect()
    }

    fn hung_up(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|one| **one == Seen::HungUp).count()
    }

    /// A call is open that nobody answers.
    async fn is_called(&self) {
        eventually("the dead one is called", || async { (self.hung_up() < self.told().len()).then_some(()) })
            .await;
    }
}

#[tonic::async_trait]
impl hooks::hospital_hook_server::HospitalHook for Hospital {
    async fn notify_review(
        &self,
        request: Request<hooks::NotifyReviewRequest>,
    ) -> Result<Response<hooks::NotifyReviewResponse>, Status> {
        self.hear("review", request.into_inner().notice_id).await;
        let outcome = hooks::NoticeOutcome::Taken.into();
        Ok(Response::new(hooks::NotifyReviewResponse { outcome, words: String::new() }))
    }

    async fn notify_settlement(
        &self,
        request: Request<hooks::NotifySettlementRequest>,
    ) -> Result<Response<hooks::NotifySettlementResponse>, Status> {
        self.hear("settlement", request.into_inner().notice_id).await;
        let outcome = hooks::NoticeOutcome::Taken.into();
        Ok(Response::new(hooks::NotifySettlementResponse { outcome, words: String::new() }))
    }
}

/// A world of processes that tells [`HOSPITAL`], slow, and [`OTHER_HOSPITAL`], dead.
async fn run(test: impl AsyncFnOnce(&mut World, &Hospital, &Hospital)) {
    let ((slow, at), (dead, nowhere)) = (Hospital::start(false).await, Hospital::start(true).await);
    let settings = [
        format!("hooks.his_slow={at:?}"),
        format!("hooks.his_dead={nowhere:?}"),
        format!("role.prescription.hospitals=[\"{HOSPITAL}=his_slow\", \"{OTHER_HOSPITAL}=his_dead\"]"),
    ];
    let world = World::start_with(Shape::Processes, &settings).await;
    run_in(world, async |world: &mut World| test(world, &slow, &dead).await).await;
}

async fn waiting(cast: &Cast, hospital: &str) -> Vec<Notice> {
    cast.his(hospital).list_notices(ListNoticesRequest::default()).await.unwrap().notices
}

/// An active prescription of the other hospital.
async fn prescribed_there(cast: &Cast, patient: &Patient) -> Prescription {
    let (his, doctor) = (cast.his(OTHER_HOSPITAL), cast.practitioner(ITS_DOCTOR));
    let pharmacist = cast.practitioner(ITS_PHARMACIST);
    let slots = ListSlotsRequest {
        fixmedins_code: OTHER_HOSPITAL.to_owned(),
        doctor_code: ITS_DOCTOR.to_owned(),
        ..Default::default()
    };
    let slots = cast.public().list_slots(slots).await.unwrap().slots;
    let slot = slots.into_iter().find(|slot| 0 < slot.available).expect("a vacancy");
    let booking =
        BookVisitRequest { fixmedins_code: OTHER_HOSPITAL.to_owned(), ..cast.booking(&slot, "M01600") };
    let visit_id = patient.book_visit(booking).await.unwrap().visit.unwrap().visit_id;
    let fee = patient.place_fee(&visit_id).await.unwrap();
    let fee = patient.pay(&fee, Channel::Wechat).await.unwrap();
    cast.order_in(patient, &fee.order_id, OrderState::Completed).await;
    let doctor_token = his.token_of(&doctor).await.unwrap();
    let taking = TakeVisitRequest { visit_id: visit_id.clone(), doctor_token: doctor_token.clone() };
    his.take_visit(taking).await.unwrap();
    let record = RecordConsultationRequest {
        visit_id: visit_id.clone(),
        doctor_token: doctor_token.clone(),
        record: "复诊，血糖控制良好，续方。".to_owned(),
        diag_code: "E11.900".to_owned(),
        follow_up: true,
    };
    his.record_consultation(record).await.unwrap();
    let draft = PreVerifyRequest {
        visit_id,
        doctor_token,
        hosp_rxno: "YZ-1".to_owned(),
        vali_days: 3,
        long_rx: true,
        lines: two_drugs(4),
        ..Default::default()
    };
    let draft = his.pre_verify(draft).await.unwrap().prescription.unwrap();
    let review = ReviewDraftRequest {
        hi_rxno: draft.hi_rxno,
        pharmacist_token: his.token_of(&pharmacist).await.unwrap(),
        pass: true,
        opinion: "用法用量适宜".to_owned(),
    };
    let draft = his.review_draft(review).await.unwrap().prescription.unwrap();
    his.sign_and_upload(&draft, &doctor, &pharmacist).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_hospital_holds_up_no_other() {
    run(async |world: &mut World, slow: &Hospital, dead: &Hospital| {
        let cast = Cast::of(world).await;
        let theirs = cast.patient(ITS_PATIENT).await;
        let rx = prescribed_there(&cast, &theirs).await;
        let order = theirs.place(cast.filling(&rx, SHOP, None)).await.unwrap();
        let their_claim = cast.claim(&order).await;
        let mut claims = Vec::new();
        for (row, shop) in PATIENTS.into_iter().zip([SHOP, SHOP_2, SHOP]) {
            let patient = cast.patient(row).await;
            let rx = cast.prescribed(&patient, two_drugs(4)).await;
            let order = patient.place(cast.filling(&rx, shop, None)).await.unwrap();
            claims.push((shop, cast.claim(&order).await));
        }
        let judge = async |shop: &str, claim: &Claimed| {
            let cast = Cast::of(world).await;
            let pharmacist = if shop == SHOP { SHOP_PHARMACIST } else { SHOP_2_PHARMACIST };
            cast.pos(shop)
                .judge(claim, &cast.practitioner(pharmacist), true, "处方适宜，可以调配")
                .await
                .unwrap();
        };
        judge(SHOP, &their_claim).await;
        let mut beside = false;
        for (number, (shop, claim)) in claims.iter().enumerate() {
            dead.is_called().await;
            let before = dead.hung_up();
            judge(shop, claim).await;
            eventually("the other is told", || async { (number < slow.ids().len()).then_some(()) }).await;
            beside |= dead.hung_up() == before;
            if beside {
                break;
            }
            // a slow machine: we hung up before; it is called again when its pause is over
            world.clock.advance_seconds(400);
        }
        assert!(beside, "the other is told only when nobody waits for the dead one: {:?}", dead.hung_up());
        let cast = Cast::of(world).await;
        eventually("and has taken it", || async { waiting(&cast, HOSPITAL).await.is_empty().then_some(()) })
            .await;
        let [notice] = &waiting(&cast, OTHER_HOSPITAL).await[..] else { panic!("one waits") };
        assert_eq!(notice.hi_rxno, rx.hi_rxno);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_tell_a_hospital_once() {
    run(async |world: &mut World, slow: &Hospital, _: &Hospital| {
        let cast = Cast::of(world).await;
        let patient = cast.patient(PATIENTS[0]).await;
        let (order, claimed) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
        cast.dispense(&order, SHOP_PHARMACIST, &claimed.secret).await;
        eventually("everything is taken", || async {
            (slow.ids().len() == 2 && waiting(&cast, HOSPITAL).await.is_empty()).then_some(())
        })
        .await;
        let told = slow.told();
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| *kind).collect();
        assert!(kinds.is_sorted(), "the review before the settlement: {told:?}");
        // again only what we did not wait for
        assert_eq!(told.len() - slow.hung_up(), 2, "each once, by whichever replica: {told:?}");
        // a replica dies in the middle of its work: the other goes on when the turn is over, under the same id
        cast.to_pay(&cast.patient(PATIENTS[1]).await, SHOP_2, SHOP_2_PHARMACIST).await;
        eventually("the next is on its way", || async { (slow.ids().len() == 3).then_some(()) }).await;
        let processes = world.processes.as_mut().expect("processes");
        processes.kill("prescription", 0);
        world.clock.advance_seconds(90);
        let cast = Cast::of(world).await;
        eventually("it is taken", || async { waiting(&cast, HOSPITAL).await.is_empty().then_some(()) }).await;
        assert_eq!(slow.ids().len(), 3, "no other notice came of it");
        let processes = world.processes.as_mut().expect("processes");
        tokio::task::block_in_place(|| processes.restart("prescription", 0));
    })
    .await;
}
