use liufang_platform::PrincipalKind;
use liufang_proto::common::v1::PageRequest;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::person_service_client::PersonServiceClient;
use tonic::Request;

use super::town::{Town, reason, row};

#[tokio::test]
async fn rows_are_taken_or_refused_one_by_one() {
    let town = Town::new().await;
    let (person_id, _) = town.registered(&town.employee).await;
    let insurance = |place: &str| pb::Insurance {
        insutype: "310".to_owned(),
        psn_type: "12".to_owned(),
        insuplc_admdvs: place.to_owned(),
        state: 1,
        begin_date: "2020-01-01".to_owned(),
        end_date: String::new(),
    };
    let row = |certno: &str, place: &str| pb::PersonRow {
        psn_name: "测试甲".to_owned(),
        certno: certno.to_owned(),
        insurances: vec![insurance(place)],
        ..pb::PersonRow::default()
    };
    let rows = vec![
        row("123", "110105"),
        row(&town.employee.certno, "130302"),
        row(&town.employee.certno, "110105"),
    ];
    let agency = town.token(PrincipalKind::Agency, "agency-bj", "110000");
    let request = town.call(pb::ImportPersonsRequest { rows }, &agency);
    let answer = town.persons().import_persons(request).await.unwrap().into_inner();
    let reasons: Vec<_> = answer.errors.iter().map(|error| (error.row, error.reason.as_str())).collect();
    assert_eq!(reasons, [(0, "INVALID_REQUEST"), (1, "OUTSIDE_REGION")]);
    assert_eq!(answer.person_ids, ["", "", &person_id], "a known number keeps its id");
    let empty = town.call(pb::ImportPersonsRequest { rows: vec![] }, &agency);
    assert_eq!(reason(town.persons().import_persons(empty).await), "INVALID_REQUEST");
}

#[tokio::test]
async fn an_agency_leaves_people_of_another_region_alone() {
    let town = Town::new().await;
    let (person_id, token) = town.registered(&town.outsider).await;
    let agency = town.token(PrincipalKind::Agency, "agency-bj", "110000");
    let moved = row(&town.outsider, "310", "110105");
    let ask = || async {
        let request = town.call(pb::ImportPersonsRequest { rows: vec![moved.clone()] }, &agency);
        town.persons().import_persons(request).await.unwrap().into_inner()
    };
    let answer = ask().await;
    assert_eq!(answer.person_ids, [""]);
    assert_eq!(answer.errors[0].reason, "OUTSIDE_REGION");
    // once the other region has ended its row the person may move, and the row stays
    let mut ended = row(&town.outsider, "310", "130302");
    ended.insurances[0].end_date = "2020-12-31".to_owned();
    town.import(vec![ended]).await;
    assert_eq!(ask().await.person_ids, [person_id]);
    let me = town.persons().get_me(town.call(pb::GetMeRequest {}, &token)).await.unwrap().into_inner();
    let places: Vec<_> = me.person.unwrap().insurances.into_iter().map(|own| own.insuplc_admdvs).collect();
    assert_eq!(places, ["110105", "130302"]);
}

#[tokio::test]
async fn insurance_elsewhere_that_has_not_ended_is_not_overwritten_but_may_be_ended() {
    let town = Town::new().await;
    let (_, token) = town.registered(&town.employee).await;
    let beijing = town.token(PrincipalKind::Agency, "agency-bj", "110000");
    let qinhuangdao = town.token(PrincipalKind::Agency, "agency-qhd", "130300");
    let import = |row: &pb::PersonRow, agency: &str| {
        let request = town.call(pb::ImportPersonsRequest { rows: vec![row.clone()] }, agency);
        let mut persons = town.persons();
        async move {
            let answer = persons.import_persons(request).await.unwrap().into_inner();
            answer.errors.first().map(|error| error.message.clone()).unwrap_or_default()
        }
    };
    let rows = || async {
        let me = town.persons().get_me(town.call(pb::GetMeRequest {}, &token)).await.unwrap().into_inner();
        let told = |own: pb::Insurance| (own.insuplc_admdvs, own.state);
        me.person.unwrap().insurances.into_iter().map(told).collect::<Vec<_>>()
    };
    let refused = "insurances: the person is insured outside the caller's region";
    // suspended there, and taken up again there: still not Beijing's
    let mut suspended = row(&town.employee, "310", "130302");
    suspended.insurances[0].state = 2;
    town.import(vec![suspended]).await;
    assert_eq!(import(&row(&town.employee, "310", "110105"), &beijing).await, refused);
    assert_eq!(rows().await, [("130302".to_owned(), 2)]);

    // in force here, and about to begin there: each ends what it began, and touches nothing else
    let mut both = row(&town.employee, "310", "110105");
    let mut future = row(&town.employee, "310", "130302").insurances.remove(0);
    future.begin_date = "2099-01-01".to_owned();
    both.insurances.push(future);
    town.import(vec![both]).await;
    assert_eq!(import(&row(&town.employee, "310", "110105"), &beijing).await, refused);
    assert_eq!(import(&row(&town.employee, "310", "130302"), &qinhuangdao).await, refused);
    let mut ended = row(&town.employee, "310", "110105");
    ended.insurances[0].state = 4;
    ended.allergies.clear();
    ended.psn_name = "测试丁".to_owned();
    assert_eq!(import(&ended, &beijing).await, "");
    assert_eq!(rows().await, [("110105".to_owned(), 4), ("130302".to_owned(), 1)]);
    let me = town.persons().get_me(town.call(pb::GetMeRequest {}, &token)).await.unwrap().into_inner();
    let me = me.person.unwrap();
    assert_eq!(
        (me.name_masked.as_str(), me.allergies.len()),
        ("测试甲", 1),
        "the rest is not Beijing's any more"
    );
    assert_eq!(import(&row(&town.employee, "310", "130302"), &qinhuangdao).await, "");
    // who never had the person cannot end anything
    assert_eq!(import(&ended, &beijing).await, "", "a repeat is harmless");
    let mut stranger = row(&town.outsider, "310", "110105");
    stranger.insurances[0].state = 4;
    assert_eq!(import(&stranger, &beijing).await, refused);
}

#[tokio::test]
async fn of_a_hundred_guesses_at_once_ten_are_compared() {
    let town = Town::new().await;
    let (_, token) = town.registered(&town.employee).await;
    let pos = town.token(PrincipalKind::Pos, "P11010500001", "110000");
    let issue = town.call(pb::IssueInsuranceCodeRequest {}, &token);
    let code = town.persons().issue_insurance_code(issue).await.unwrap().into_inner().code;
    let decode = |code: String| {
        let body = pb::DecodeInsuranceCodeRequest { code, business_type: "02121".to_owned() };
        let request = town.call(body, &pos);
        let mut persons = town.persons();
        async move { persons.decode_insurance_code(request).await.map(tonic::Response::into_inner) }
    };
    // honest scans are not counted
    assert!(decode(code).await.is_ok());
    let told = super::town::join_all((0..100).map(|n| decode(format!("{n:028}")))).await;
    let told: Vec<String> = told.into_iter().map(reason).collect();
    let compared = told.iter().filter(|told| *told == "INSURANCE_CODE_INVALID").count();
    assert_eq!((compared, told.iter().filter(|told| *told == "CODE_GUESSING").count()), (10, 90));

    let file = |n: u32| {
        let body = pb::FileMutualAidRequest {
            holder_name: format!("测试{n}"),
            holder_certno: town.resident.certno.clone(),
            relation: "spouse".to_owned(),
            region: "110000".to_owned(),
            ..Default::default()
        };
        let request = town.call(body, &token);
        let mut persons = town.persons();
        async move { persons.file_mutual_aid(request).await }
    };
    let told = super::town::join_all((0..100).map(file)).await;
    let told: Vec<String> = told.into_iter().map(reason).collect();
    assert_eq!(told.iter().filter(|told| *told == "HOLDER_NOT_FOUND").count(), 10);
    assert_eq!(told.iter().filter(|told| *told == "CODE_GUESSING").count(), 90);
}

#[tokio::test]
async fn every_reading_by_another_role_is_on_record() {
    let town = Town::new().await;
    let (person_id, token) = town.registered(&town.employee).await;
    let ask = |role: &'static str, purpose: &str, with_contact: bool| {
        let body = pb::GetPersonForServiceRequest {
            person_id: person_id.clone(),
            purpose: purpose.to_owned(),
            with_contact,
        };
        let mut client = PersonServiceClient::new(town.world.directory.peers(role).mesh("identity"));
        async move { client.get_person_for_service(Request::new(body)).await.map(tonic::Response::into_inner) }
    };
    let told = ask("settlement", "quote", false).await.unwrap();
    let person = told.person.unwrap();
    assert!(person.verified && told.name.is_empty() && told.certno.is_empty());
    assert_eq!((person.name_masked.as_str(), person.phone_masked.as_str()), ("测*甲", "199****0001"));
    assert_eq!(person.chronic[0].dise_codg, "M03900");
    let told = ask("dispatch", "delivery", true).await.unwrap();
    assert_eq!((told.name.as_str(), told.phone.as_str()), ("测试甲", "19900000001"));
    assert_eq!(reason(ask("settlement", "quote", true).await), "CONTACT_NOT_ALLOWED");
    assert_eq!(reason(ask("inventory", "quote", false).await), "CALLER_NOT_ALLOWED");

    let page = |token_text: &str| pb::ListAccessRecordsRequest {
        page: Some(PageRequest { page_size: 1, page_token: token_text.to_owned() }),
    };
    let first = town.persons().list_access_records(town.call(page(""), &token)).await.unwrap().into_inner();
    assert_eq!(
        (first.records[0].reader.as_str(), first.records[0].purpose.as_str()),
        ("dispatch", "delivery")
    );
    let next = page(&first.next_page_token);
    let second = town.persons().list_access_records(town.call(next, &token)).await.unwrap().into_inner();
    assert_eq!(second.records[0].reader, "settlement");
    assert_eq!(second.next_page_token, "");
}

#[tokio::test]
async fn an_insurance_code_is_decoded_once_and_not_guessed() {
    let town = Town::new().await;
    let (person_id, token) = town.registered(&town.employee).await;
    let issue = town.call(pb::IssueInsuranceCodeRequest {}, &token);
    let code = town.persons().issue_insurance_code(issue).await.unwrap().into_inner().code;
    assert_eq!(code.len(), 28);
    let pos = town.token(PrincipalKind::Pos, "P11010500001", "110000");
    let decode = |code: &str, pos: &str| {
        let body =
            pb::DecodeInsuranceCodeRequest { code: code.to_owned(), business_type: "02121".to_owned() };
        let request = town.call(body, pos);
        let mut persons = town.persons();
        async move { persons.decode_insurance_code(request).await.map(tonic::Response::into_inner) }
    };
    let present = decode(&code, &pos).await.unwrap();
    assert_eq!(present.person_id, person_id);
    assert!(!present.presence_token.is_empty());
    assert_eq!(reason(decode(&code, &pos).await), "INSURANCE_CODE_INVALID", "used once");
    for _ in 0..9 {
        assert_eq!(reason(decode(&"1".repeat(28), &pos).await), "INSURANCE_CODE_INVALID");
    }
    assert_eq!(reason(decode(&"1".repeat(28), &pos).await), "CODE_GUESSING");
    let other = town.token(PrincipalKind::Pos, "P11010500002", "110000");
    assert_eq!(reason(decode(&"1".repeat(28), &other).await), "INSURANCE_CODE_INVALID", "counted per caller");
    let issue = town.call(pb::IssueInsuranceCodeRequest {}, &token);
    let late = town.persons().issue_insurance_code(issue).await.unwrap().into_inner().code;
    town.world.clock.advance_seconds(61);
    assert_eq!(reason(decode(&late, &other).await), "INSURANCE_CODE_INVALID", "a minute is over");
    let records = town.call(pb::ListAccessRecordsRequest { page: None }, &token);
    let records = town.persons().list_access_records(records).await.unwrap().into_inner().records;
    assert_eq!(records[0].reader, "pos:P11010500001");
}
