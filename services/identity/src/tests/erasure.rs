//! A person is erased: nothing by which they are found or named is left, and what has to stay does.

use liufang_kernel::document::Document;
use liufang_platform::PrincipalKind;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::guardian_service_client::GuardianServiceClient;
use sea_orm::{ConnectionTrait, Statement};

use super::town::{Human, Refusal, Town, human, reason};
use crate::store::vault::Vault;

fn request(person_id: &str) -> pb::ErasePersonRequest {
    pb::ErasePersonRequest {
        person_id: person_id.to_owned(),
        ground: pb::ErasureGround::RetentionEnded.into(),
        case_no: "BJ-2026-17".to_owned(),
    }
}

async fn erase(town: &Town, caller: &str, person_id: &str) -> Result<i64, Refusal> {
    let call = town.call(request(person_id), caller);
    Ok(town.persons().erase_person(call).await.map_err(Refusal::from)?.into_inner().erased_at_us)
}

fn insured(human: &Human, end: &str) -> pb::PersonRow {
    let state = if end.is_empty() { pb::InsuranceState::Normal } else { pb::InsuranceState::Ended };
    pb::PersonRow {
        psn_name: human.name.to_owned(),
        certno: human.certno.clone(),
        phone: human.phone.to_owned(),
        insurances: vec![pb::Insurance {
            insutype: "310".to_owned(),
            psn_type: "11".to_owned(),
            insuplc_admdvs: "110105".to_owned(),
            state: state.into(),
            begin_date: "2015-01-01".to_owned(),
            end_date: end.to_owned(),
        }],
        ..Default::default()
    }
}

async fn needed_by(town: &Town, caller: &str, person_id: &str) -> String {
    let refusal = erase(town, caller, person_id).await.unwrap_err();
    assert_eq!(refusal.reason(), "PERSON_NEEDED");
    refusal.meta("needed_by").to_owned()
}

/// Every text of every table, with its place.
async fn texts(town: &Town) -> Vec<(String, String)> {
    let db = &town.world.deps.db;
    let rows =
        async |sql: String| db.read().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    let columns = "SELECT own.name AS t, part.name AS c FROM sqlite_master own JOIN pragma_table_info(own.name) part \
                   WHERE own.type = 'table' AND part.type = 'TEXT'";
    let mut texts = Vec::new();
    for row in rows(columns.to_owned()).await {
        let (table, column): (String, String) =
            (row.try_get("", "t").unwrap(), row.try_get("", "c").unwrap());
        let found = rows(format!("SELECT {column} AS text FROM {table} WHERE {column} IS NOT NULL")).await;
        texts.extend(found.iter().map(|row| (format!("{table}.{column}"), row.try_get("", "text").unwrap())));
    }
    texts
}

#[tokio::test]
async fn a_person_is_erased_and_the_records_stay() {
    let town = Town::new().await;
    let signed = town.verified(&town.employee, pb::Purpose::Register).await;
    let signed = town.sign_in(&signed).await.unwrap();
    let (person, tokens) = (signed.person_id, signed.tokens.unwrap());
    // a session that is half done
    town.start(&town.employee, pb::Purpose::SignIn).await.unwrap();
    let agency = town.token(PrincipalKind::Agency, "110000", "110000");
    let elsewhere = town.token(PrincipalKind::Agency, "130300", "130300");
    assert_eq!(reason(erase(&town, &elsewhere, &person).await), "OUTSIDE_REGION");
    assert_eq!(reason(erase(&town, &agency, "per_nobody").await), "PERSON_NOT_FOUND");
    assert_eq!(needed_by(&town, &agency, &person).await, "insurance_not_ended");
    town.import(vec![insured(&town.employee, "2020-01-31")]).await;
    for word in ["visit_open", "prescription_in_force", "order_open", "payment_open", "account_balance"] {
        town.needs.set(word);
        assert_eq!(needed_by(&town, &agency, &person).await, word);
    }
    town.needs.set("nobody knows");
    assert_eq!(reason(erase(&town, &agency, &person).await), "PEER_UNAVAILABLE", "silence is no leave");
    town.needs.set("");

    let vault = Vault::new(town.world.deps.cipher.clone());
    let blind = vault.document_blind(&Document::stored("01", &town.employee.certno).unwrap());
    let holds = |texts: &[(String, String)]| {
        texts.iter().filter(|(_, text)| *text == blind).map(|(place, _)| place.clone()).collect::<Vec<_>>()
    };
    assert!(holds(&texts(&town).await).contains(&"person.certno_blind".to_owned()));
    let call = || town.keyed(request(&person), &agency, "erase-the-first");
    let first = town.persons().erase_person(call()).await.unwrap().into_inner().erased_at_us;
    let left = texts(&town).await;
    assert!(holds(&left).is_empty(), "the index of the number is left in {:?}", holds(&left));
    let sealed = |(place, text): &&(String, String)| place.contains("_sealed") && !text.is_empty();
    let people = left.iter().filter(sealed).filter(|(place, _)| place.starts_with("person.")).count();
    assert_eq!(people, 6, "three texts of each of the two others, whose phones are not known");
    assert!(
        !left
            .iter()
            .any(|own| own.0.starts_with("verification.") || sealed(&own) && own.0.starts_with("face"))
    );

    town.world.clock.advance_seconds(5);
    let again = town.persons().erase_person(call()).await.unwrap().into_inner().erased_at_us;
    assert_eq!((again, erase(&town, &agency, &person).await.unwrap()), (first, first), "once");
    assert_eq!(reason(erase(&town, &elsewhere, &person).await), "OUTSIDE_REGION");
    let me = town.persons().get_me(town.call(pb::GetMeRequest {}, &tokens.access_token)).await;
    assert_eq!(reason(me), "PERSON_NOT_FOUND");
    let refresh = town.call(pb::RefreshTokenRequest { refresh_token: tokens.refresh_token }, "");
    assert_eq!(reason(town.tokens().refresh_token(refresh).await), "TOKEN_REVOKED");
    // whoever read the person's data stands there on, the erasure too
    let records = town.call(pb::ListAccessRecordsRequest { page: None }, &tokens.access_token);
    let records = town.persons().list_access_records(records).await.unwrap().into_inner().records;
    assert_eq!(
        (records[0].reader.as_str(), records[0].access_purpose),
        ("agency:110000", pb::AccessPurpose::Erasure as i32)
    );
    let tries = left.iter().filter(|(_, text)| *text == format!("erased:{person}")).count();
    assert!(4 < tries, "{tries} tries of verifications");

    town.import(vec![insured(&town.employee, "")]).await;
    let (anew, _) = town.registered(&town.employee).await;
    assert_ne!(anew, person, "the same number is a new person");
}

#[tokio::test]
async fn a_lender_is_needed_until_the_filing_ends() {
    let town = Town::new().await;
    let (holder, token) = town.registered(&town.employee).await;
    let (_, relative) = town.registered(&town.resident).await;
    let body = pb::FileMutualAidRequest {
        holder_name: town.employee.name.to_owned(),
        holder_certno: town.employee.certno.clone(),
        relation: "spouse".to_owned(),
        region: "110000".to_owned(),
        ..Default::default()
    };
    let filed = town.persons().file_mutual_aid(town.call(body, &relative)).await.unwrap().into_inner();
    town.import(vec![insured(&town.employee, "2020-01-31")]).await;
    let operator = town.token(PrincipalKind::Operator, "ops", "");
    assert_eq!(needed_by(&town, &operator, &holder).await, "mutual_aid");
    let mutual_aid_id = filed.mutual_aid.unwrap().mutual_aid_id;
    let withdraw = town.call(pb::WithdrawMutualAidRequest { mutual_aid_id }, &token);
    town.persons().withdraw_mutual_aid(withdraw).await.unwrap();
    erase(&town, &operator, &holder).await.unwrap();
}

#[tokio::test]
async fn a_guardian_is_needed_until_the_relation_ends_and_leaves_no_name_in_it() {
    let town = Town::new().await;
    let (guardian, token) = town.registered(&town.employee).await;
    let child = human("测试幼", "11010520190918001", "19900000009");
    let child_id = town.import(vec![insured(&child, "")]).await[0].clone();
    let agency = town.token(PrincipalKind::Agency, "110000", "110000");
    let line = pb::GuardianRow {
        guardian_certno: town.employee.certno.clone(),
        child_certno: child.certno.clone(),
        relation: pb::GuardianRelation::Parent.into(),
        ..Default::default()
    };
    let mut guardians = GuardianServiceClient::new(town.stack.clone());
    let rows = town.call(pb::ImportGuardiansRequest { rows: vec![line] }, &agency);
    let guardianship_id =
        guardians.import_guardians(rows).await.unwrap().into_inner().guardianship_ids[0].clone();
    town.import(vec![insured(&town.employee, "2020-01-31")]).await;
    assert_eq!(needed_by(&town, &agency, &guardian).await, "guardianship");
    guardians.end_guardian(town.call(pb::EndGuardianRequest { guardianship_id }, &token)).await.unwrap();
    erase(&town, &agency, &guardian).await.unwrap();
    let childs = town.token(PrincipalKind::Patient, &child_id, "");
    let list = guardians.list_guardians(town.call(pb::ListGuardiansRequest {}, &childs)).await;
    let list = list.unwrap().into_inner().guardianships;
    let names = (list[0].guardian_name_masked.as_str(), list[0].child_name_masked.as_str());
    assert_eq!((list.len(), names), (1, ("", "测*幼")));
}

#[tokio::test]
async fn what_is_asked_for_is_said_precisely() {
    let town = Town::new().await;
    let operator = town.token(PrincipalKind::Operator, "ops", "");
    for body in [
        pb::ErasePersonRequest { ground: 0, ..request("per_1") },
        pb::ErasePersonRequest { ground: 9, ..request("per_1") },
        pb::ErasePersonRequest { case_no: "张三".to_owned(), ..request("per_1") },
        pb::ErasePersonRequest { case_no: String::new(), ..request("per_1") },
        request(""),
    ] {
        assert_eq!(reason(town.persons().erase_person(town.call(body, &operator)).await), "INVALID_REQUEST");
    }
    let (_, patient) = town.registered(&town.employee).await;
    assert_eq!(reason(erase(&town, &patient, "per_1").await), "CALLER_NOT_ALLOWED");
}
