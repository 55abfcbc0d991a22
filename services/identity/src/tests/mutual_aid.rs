use liufang_kernel::timestamp::date_text;
use liufang_platform::Clock as _;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::person_service_client::PersonServiceClient;
use tonic::Request;

use super::town::{Human, Refusal, Town, reason, row};

async fn file(town: &Town, token: &str, holder: &Human, relation: &str) -> Result<pb::MutualAid, Refusal> {
    let body = pb::FileMutualAidRequest {
        holder_name: holder.name.to_owned(),
        holder_certno: holder.certno.clone(),
        relation: relation.to_owned(),
        region: "110000".to_owned(),
        ..Default::default()
    };
    let answer = town.persons().file_mutual_aid(town.call(body, token)).await.map_err(Refusal::from)?;
    Ok(answer.into_inner().mutual_aid.unwrap())
}

async fn consent(town: &Town, token: &str, aid: &str, verification: &str) -> Result<pb::MutualAid, Refusal> {
    let body = pb::ConsentMutualAidRequest {
        mutual_aid_id: aid.to_owned(),
        verification_id: verification.to_owned(),
    };
    let answer = town.persons().consent_mutual_aid(town.call(body, token)).await.map_err(Refusal::from)?;
    Ok(answer.into_inner().mutual_aid.unwrap())
}

async fn check(town: &Town, beneficiary: &str, holders: &[&str]) -> Result<Vec<pb::MutualAid>, Refusal> {
    let body = pb::CheckMutualAidRequest {
        beneficiary_person_id: beneficiary.to_owned(),
        holder_person_ids: holders.iter().map(|holder| (*holder).to_owned()).collect(),
        date: date_text(town.world.clock.now().china_date()),
        region: "110000".to_owned(),
    };
    let mut client = PersonServiceClient::new(town.world.directory.peers("settlement").mesh("identity"));
    let answer = client.check_mutual_aid(Request::new(body)).await.map_err(Refusal::from)?;
    Ok(answer.into_inner().mutual_aids)
}

/// Who is named to whom; every name is masked.
async fn names(town: &Town, person: &str, relatives: &[&str]) -> Vec<String> {
    let body = pb::NameRelativesRequest {
        person_id: person.to_owned(),
        relative_person_ids: relatives.iter().map(|relative| (*relative).to_owned()).collect(),
    };
    let mut client = PersonServiceClient::new(town.world.directory.peers("settlement").mesh("identity"));
    let named = client.name_relatives(Request::new(body)).await.unwrap().into_inner().names;
    assert!(named.iter().all(|name| name.name_masked.contains('*')));
    named.into_iter().map(|name| name.person_id).collect()
}

#[tokio::test]
async fn filed_consented_checked_withdrawn() {
    let town = Town::new().await;
    let (holder_id, holder) = town.registered(&town.employee).await;
    let (patient_id, patient) = town.registered(&town.resident).await;
    let filed = file(&town, &patient, &town.employee, "spouse").await.unwrap();
    assert_eq!(filed.state, i32::from(pb::MutualAidState::Filed));
    let again = file(&town, &patient, &town.employee, "spouse").await.err().unwrap();
    assert_eq!(
        (again.reason(), again.meta("mutual_aid_id")),
        ("MUTUAL_AID_EXISTS", filed.mutual_aid_id.as_str())
    );
    let missing = check(&town, &patient_id, &[&holder_id]).await.err().unwrap();
    assert_eq!(missing.reason(), "MUTUAL_AID_NOT_FILED");
    assert_eq!(missing.meta("holder_person_id"), holder_id);
    assert!(check(&town, &patient_id, &[]).await.unwrap().is_empty());

    let sign_in = town.verified(&town.employee, pb::Purpose::SignIn).await;
    assert_eq!(reason(consent(&town, &holder, &filed.mutual_aid_id, &sign_in).await), "VERIFICATION_PURPOSE");
    let foreign = town.verified(&town.resident, pb::Purpose::MutualAid).await;
    let other = consent(&town, &holder, &filed.mutual_aid_id, &foreign).await;
    assert_eq!(reason(other), "VERIFICATION_OTHER_PERSON");
    let own = consent(&town, &patient, &filed.mutual_aid_id, &foreign).await;
    assert_eq!(reason(own), "MUTUAL_AID_NOT_FOUND", "the patient cannot consent for the holder");
    let proof = town.verified(&town.employee, pb::Purpose::MutualAid).await;
    let active = consent(&town, &holder, &filed.mutual_aid_id, &proof).await.unwrap();
    assert_eq!(active.state, i32::from(pb::MutualAidState::Active));
    assert!(!active.begin_date.is_empty() && !active.end_date.is_empty());
    assert_eq!(reason(consent(&town, &holder, &filed.mutual_aid_id, &proof).await), "VERIFICATION_USED");

    assert_eq!(check(&town, &patient_id, &[&holder_id]).await.unwrap().len(), 1);
    assert_eq!(check(&town, &patient_id, &[]).await.unwrap().len(), 1);
    let listed = town.call(pb::ListMutualAidRequest {}, &holder);
    assert_eq!(town.persons().list_mutual_aid(listed).await.unwrap().into_inner().mutual_aids.len(), 1);

    let withdraw = pb::WithdrawMutualAidRequest { mutual_aid_id: filed.mutual_aid_id };
    town.persons().withdraw_mutual_aid(town.call(withdraw.clone(), &holder)).await.unwrap();
    // statements of before still say who it was, to the two alone
    let third = town.registered(&town.outsider).await.0;
    assert_eq!(names(&town, &holder_id, &[&patient_id, &third, "nobody"]).await, [patient_id.as_str()]);
    assert_eq!(names(&town, &patient_id, &[&holder_id, &patient_id]).await, [holder_id.as_str()]);
    assert!(names(&town, &third, &[&holder_id, &patient_id]).await.is_empty());
    assert_eq!(reason(check(&town, &patient_id, &[&holder_id]).await), "MUTUAL_AID_NOT_FILED");
    let twice = town.persons().withdraw_mutual_aid(town.call(withdraw, &patient)).await;
    assert_eq!(reason(twice), "MUTUAL_AID_STATE");
    assert!(file(&town, &patient, &town.employee, "parent").await.is_ok(), "may be filed anew");
}

#[tokio::test]
async fn an_expired_filing_pays_no_more_and_may_be_filed_anew() {
    let town = Town::new().await;
    let (holder_id, holder) = town.registered(&town.employee).await;
    let (patient_id, patient) = town.registered(&town.resident).await;
    let filed = file(&town, &patient, &town.employee, "child").await.unwrap();
    let proof = town.verified(&town.employee, pb::Purpose::MutualAid).await;
    consent(&town, &holder, &filed.mutual_aid_id, &proof).await.unwrap();
    town.world.clock.advance_seconds(366 * 86_400);
    assert_eq!(reason(check(&town, &patient_id, &[&holder_id]).await), "MUTUAL_AID_NOT_FILED");
    let patient = town.token(liufang_platform::PrincipalKind::Patient, &patient_id, "");
    assert!(file(&town, &patient, &town.employee, "child").await.is_ok());
}

#[tokio::test]
async fn a_holder_who_moved_away_pays_no_more() {
    let town = Town::new().await;
    let (holder_id, holder) = town.registered(&town.employee).await;
    let (patient_id, patient) = town.registered(&town.resident).await;
    let filed = file(&town, &patient, &town.employee, "spouse").await.unwrap();
    let proof = town.verified(&town.employee, pb::Purpose::MutualAid).await;
    consent(&town, &holder, &filed.mutual_aid_id, &proof).await.unwrap();
    town.import(vec![row(&town.employee, "310", "130302")]).await;
    let moved = check(&town, &patient_id, &[&holder_id]).await.err().unwrap();
    assert_eq!((moved.reason(), moved.meta("party")), ("INSURED_ELSEWHERE", "holder"));
    assert!(check(&town, &patient_id, &[]).await.unwrap().is_empty(), "unnamed holders are left out");
}

#[tokio::test]
async fn every_rule_has_its_refusal() {
    let town = Town::new().await;
    let (_, resident) = town.registered(&town.resident).await;
    let (_, employee) = town.registered(&town.employee).await;
    let refused = |result: Result<pb::MutualAid, Refusal>| reason(result);
    assert_eq!(
        refused(file(&town, &resident, &town.employee, "parent_in_law").await),
        "RELATION_NOT_ALLOWED"
    );
    let unknown = Human { name: "测试丁", ..town.employee.clone() };
    assert_eq!(refused(file(&town, &resident, &unknown, "spouse").await), "HOLDER_NOT_FOUND");
    let elsewhere = file(&town, &resident, &town.outsider, "spouse").await.err().unwrap();
    assert_eq!((elsewhere.reason(), elsewhere.meta("party")), ("INSURED_ELSEWHERE", "holder"));
    assert_eq!(refused(file(&town, &employee, &town.resident, "child").await), "HOLDER_NOT_EMPLOYEE");
    assert_eq!(refused(file(&town, &employee, &town.employee, "sibling").await), "RELATION_NOT_ALLOWED");
    assert_eq!(refused(file(&town, &resident, &town.employee, "friend").await), "INVALID_REQUEST");
}

#[tokio::test]
async fn whoever_lends_sees_that_a_relatives_purchase_asked() {
    let town = Town::new().await;
    let (holder_id, holder) = town.registered(&town.employee).await;
    let (patient_id, patient) = town.registered(&town.resident).await;
    let filed = file(&town, &patient, &town.employee, "spouse").await.unwrap();
    assert!(check(&town, &patient_id, &[]).await.unwrap().is_empty());
    let records = async || {
        let request = town.call(pb::ListAccessRecordsRequest { page: None }, &holder);
        town.persons().list_access_records(request).await.unwrap().into_inner().records
    };
    assert_eq!(records().await[0].purpose, "file_mutual_aid", "nothing was told of this person");
    let verification_id = town.verified(&town.employee, pb::Purpose::MutualAid).await;
    let consent = pb::ConsentMutualAidRequest { mutual_aid_id: filed.mutual_aid_id, verification_id };
    town.persons().consent_mutual_aid(town.call(consent, &holder)).await.unwrap();
    assert_eq!(check(&town, &patient_id, &[&holder_id]).await.unwrap().len(), 1);
    let last = records().await.remove(0);
    assert_eq!((last.reader.as_str(), last.purpose.as_str()), ("settlement", "quote_mutual_aid"));
    assert_eq!(last.access_purpose, pb::AccessPurpose::QuoteMutualAid as i32);
}
