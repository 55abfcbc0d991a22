//! People through the gateway: guardians who act for a child, documents other than the resident card, young doctors.

use liufang::client::{Citizen, Patient};
use liufang_proto::identity::v1::token_service_client::TokenServiceClient;
use liufang_proto::identity::v1::{
    AccessRecord, DecideGuardianRequest, EndGuardianRequest, FileGuardianRequest, GuardianEvidence,
    GuardianRelation, ImportPractitionersRequest, ListAccessRecordsRequest, ListGuardianFilingsRequest,
    ListSessionsRequest, Practitioner, PractitionerKind, Purpose,
};
use liufang_proto::order::v1::OrderState;
use liufang_proto::prescription::v1::PublishSlotsRequest;
use liufang_tests::{World, behaviour};

use super::cast::*;

behaviour!(everywhere a_guardian_buys_for_a_child);
behaviour!(everywhere a_passport_signs_in);
behaviour!(everywhere young_doctors_have_no_slots);

/// A pupil and the parent who lends to them.
const CHILD: u32 = 157;
const PARENT: u32 = 158;

async fn filed(guardian: &Patient, child: &Citizen) -> String {
    let verification_id = guardian.verify_again(Purpose::Guardian).await.unwrap().verification_id;
    let body = FileGuardianRequest {
        child_name: child.name.clone(),
        child_cert_type: child.cert_type.clone(),
        child_certno: child.certno.clone(),
        relation: GuardianRelation::Parent.into(),
        evidence: GuardianEvidence::HouseholdRegister.into(),
        evidence_no: "H110105-0001".to_owned(),
        verification_id,
    };
    guardian.file_guardian(body).await.unwrap().guardianship.unwrap().guardianship_id
}

async fn records(person: &Patient) -> Vec<AccessRecord> {
    person.list_access_records(ListAccessRecordsRequest::default()).await.unwrap().records
}

async fn a_guardian_buys_for_a_child(world: &mut World) {
    let cast = Cast::of(world).await;
    let child = cast.citizen(CHILD);
    // platforms do not take a drug order from somebody who came with an app of their own
    let guardian = cast.patient_through("jd", PARENT).await;
    let guardianship_id = filed(&guardian, &child).await;
    refused_as(guardian.act_for(&guardianship_id, &child).await, "GUARDIAN_ENDED");
    let agency = cast.agency(BEIJING);
    let waiting = agency.list_guardian_filings(ListGuardianFilingsRequest::default()).await.unwrap().filings;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].evidence_no, "H110105-0001");
    let decide = |confirmed| DecideGuardianRequest { guardianship_id: guardianship_id.clone(), confirmed };
    refused_as(cast.agency(QINHUANGDAO).decide_guardian(decide(true)).await, "OUTSIDE_REGION");
    agency.decide_guardian(decide(true)).await.unwrap();

    // somebody else's child
    let stranger = cast.patient_through("jd", 163).await;
    refused_as(stranger.act_for(&guardianship_id, &child).await, "GUARDIAN_NOT_FOUND");

    // the guardian is the child's hands: the parent's account is lent to the child, the goods are the child's
    let acting = guardian.act_for(&guardianship_id, &child).await.unwrap();
    let me = acting.me().await.unwrap();
    assert!(me.verified && me.person_id == acting.person_id() && me.person_id != guardian.person_id());
    let aid = acting.ask_relative(&cast.citizen(PARENT), "parent", BEIJING).await.unwrap();
    guardian.consent(&aid.mutual_aid_id).await.unwrap();
    let basket = Basket::of(GRANULES, 1, cast.door(CHILD)).lent_by(guardian.person_id());
    let order = basket.place(&acting).await.unwrap();
    let order = cast.pay(&acting, &order).await;
    assert_eq!(order.state().as_str_name(), OrderState::Paid.as_str_name());
    assert_eq!(order.person_id, acting.person_id());
    refused_as(guardian.order(&order.order_id).await, "ORDER_NOT_FOUND");

    // what is in person is not the guardian's
    let sessions = acting.session().read(ListSessionsRequest {}, |channel, request| async move {
        TokenServiceClient::new(channel).list_sessions(request).await
    });
    refused_as(sessions.await, "CALLER_NOT_ALLOWED");
    refused_as(acting.verify_again(Purpose::Guardian).await, "CALLER_NOT_ALLOWED");

    // every call is on record under the guardian
    let reader = format!("guardian:{}", guardian.person_id());
    let told = records(&acting).await;
    for method in ["order.v1.OrderService/PlaceOrder", "identity.v1.PersonService/FileMutualAid"] {
        let by = |record: &&AccessRecord| record.purpose == format!("act_for_child:liufang.{method}");
        let found: Vec<_> = told.iter().filter(by).map(|record| record.reader.as_str()).collect();
        assert_eq!(found, [reader.as_str()], "{method}");
    }

    // an end is an end, also for the token that is out
    guardian.end_guardian(EndGuardianRequest { guardianship_id }).await.unwrap();
    refused_as(acting.order(&order.order_id).await, "GUARDIAN_ENDED");
    refused_as(acting.me().await, "GUARDIAN_ENDED");
}

async fn a_passport_signs_in(world: &mut World) {
    let cast = Cast::of(world).await;
    let foreigner = cast.citizen(190);
    assert_eq!(foreigner.cert_type, "08");
    let me = cast.patient(190).await.me().await.unwrap();
    assert_eq!((me.psn_cert_type.as_str(), me.certno_masked.as_str()), ("08", foreigner.certno.as_str()));
    assert_eq!(
        (me.birth_date.as_str(), me.gend.as_str()),
        ("2000-02-17", "1"),
        "as the insurance states them"
    );
    // the registry's word about a passport counts as about a card
    let unknown = Citizen { certno: "TEST00991".to_owned(), ..foreigner.clone() };
    refused_as(Patient::register(&cast.gateway, &unknown).await, "IDENTITY_MISMATCH");
    let other_type = Citizen { cert_type: "07".to_owned(), ..foreigner };
    let refusal = refused_as(Patient::register(&cast.gateway, &other_type).await, "INVALID_REQUEST");
    assert!(refusal.to_string().contains("certno"), "{refusal}");
}

async fn young_doctors_have_no_slots(world: &mut World) {
    let cast = Cast::of(world).await;
    let own = cast.his(HOSPITAL);
    let publish = async |doctor: &str| {
        let mut slot = cast.slot(DOCTOR).await;
        (slot.slot_id, slot.doctor_code) = (format!("test-{doctor}"), doctor.to_owned());
        slot.doctor_name = String::new();
        let errors = own.publish_slots(PublishSlotsRequest { rows: vec![slot] }).await.unwrap().errors;
        errors.first().map(|row| row.reason.clone()).unwrap_or_default()
    };
    assert_eq!(publish("D130302000006").await, "PRACTICE_TOO_SHORT");
    assert_eq!(publish(DOCTOR_2).await, "");
    // nobody knows since when
    let row = Practitioner {
        practitioner_code: DOCTOR_2.to_owned(),
        kind: PractitionerKind::Doctor.into(),
        name: "甲测试医生二".to_owned(),
        fixmedins_code: HOSPITAL.to_owned(),
        signing_key: cast.practitioner(DOCTOR_2).public_key(),
        active: true,
        ..Default::default()
    };
    let reply =
        cast.operator().import_practitioners(ImportPractitionersRequest { rows: vec![row] }).await.unwrap();
    assert!(reply.errors.is_empty(), "{}", show(&reply.errors));
    assert_eq!(publish(DOCTOR_2).await, "PRACTICE_TOO_SHORT");
}
