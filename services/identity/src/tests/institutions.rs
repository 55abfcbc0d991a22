use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_platform::PrincipalKind;
use liufang_proto::common::v1::{GeoPoint, PageRequest};
use liufang_proto::identity::v1 as pb;

use super::town::{Town, reason};

fn institution(code: &str, kind: pb::InstitutionKind, region: &str) -> pb::Institution {
    pb::Institution {
        fixmedins_code: code.to_owned(),
        fixmedins_name: "测试医药机构".to_owned(),
        kind: kind.into(),
        admdvs: code[1..7].to_owned(),
        region: region.to_owned(),
        capabilities: vec!["otc_online".to_owned(), "stock_link".to_owned()],
        location: Some(GeoPoint { lat_e6: 39_936_100, lng_e6: 119_597_500 }),
        timeline: vec![pb::AgreementEvent {
            effective_date: "2024-07-01".to_owned(),
            change: "new".to_owned(),
            notice: String::new(),
        }],
        ..pb::Institution::default()
    }
}

async fn import(town: &Town, rows: Vec<pb::Institution>, token: &str) -> Vec<(i32, String)> {
    let request = town.call(pb::ImportInstitutionsRequest { rows }, token);
    let answer = town.institutions().import_institutions(request).await.unwrap().into_inner();
    answer.errors.into_iter().map(|error| (error.row, error.reason)).collect()
}

pub async fn import_hospital(town: &Town, code: &str) {
    let operator = town.token(PrincipalKind::Operator, "operator", "");
    let row = institution(code, pb::InstitutionKind::Hospital, "130300");
    assert!(import(town, vec![row], &operator).await.is_empty());
}

pub fn doctor(key: &sm2::dsa::SigningKey, active: bool) -> pb::Practitioner {
    pb::Practitioner {
        practitioner_code: "D130302000001".to_owned(),
        kind: pb::PractitionerKind::Doctor.into(),
        name: "甲测试医生一".to_owned(),
        fixmedins_code: "H13030200001".to_owned(),
        title_code: "232".to_owned(),
        dept: "心血管内科".to_owned(),
        signing_key: STANDARD.encode(key.verifying_key().to_sec1_bytes()),
        active,
        certificates: Vec::new(),
        ..Default::default()
    }
}

pub fn courier(key: &sm2::dsa::SigningKey) -> pb::Practitioner {
    pb::Practitioner {
        practitioner_code: "PS130300000001".to_owned(),
        kind: pb::PractitionerKind::Courier.into(),
        name: "测试骑手一".to_owned(),
        fixmedins_code: String::new(),
        title_code: String::new(),
        dept: String::new(),
        ..doctor(key, true)
    }
}

pub async fn import_doctor(town: &Town, row: pb::Practitioner) {
    let operator = town.token(PrincipalKind::Operator, "operator", "");
    let request = town.call(pb::ImportPractitionersRequest { rows: vec![row] }, &operator);
    let answer = town.institutions().import_practitioners(request).await.unwrap().into_inner();
    assert!(answer.errors.is_empty());
}

async fn state_on(town: &Town, code: &str, date: &str) -> i32 {
    let body = pb::GetInstitutionRequest { fixmedins_code: code.to_owned(), date: date.to_owned() };
    let answer = town.institutions().get_institution(town.call(body, "")).await.unwrap().into_inner();
    answer.institution.unwrap().agreement_state
}

#[tokio::test]
async fn a_notice_changes_the_future_and_keeps_the_past() {
    let town = Town::new().await;
    let operator = town.token(PrincipalKind::Operator, "operator", "");
    let rows = vec![institution("P11010500001", pb::InstitutionKind::Pharmacy, "110000")];
    assert!(import(&town, rows, &operator).await.is_empty());
    let change = |code: &str, date: &str, change: &str| pb::AgreementChange {
        fixmedins_code: code.to_owned(),
        effective_date: date.to_owned(),
        change: change.to_owned(),
    };
    let rows = vec![
        change("P11010500001", "2026-05-01", "suspended"),
        change("P11010500001", "2026-06-01", "new"),
        change("P11010500009", "2026-05-01", "suspended"),
        change("P11010500001", "bad", "closed"),
    ];
    let request = town
        .call(pb::ImportAgreementNoticeRequest { notice: "京医保〔2026〕1号".to_owned(), rows }, &operator);
    let errors = town.institutions().import_agreement_notice(request).await.unwrap().into_inner().errors;
    let errors: Vec<_> = errors.iter().map(|error| (error.row, error.reason.as_str())).collect();
    assert_eq!(errors, [(1, "AGREEMENT_OUT_OF_TURN"), (2, "INSTITUTION_NOT_FOUND"), (3, "INVALID_REQUEST")]);
    let code = "P11010500001";
    assert_eq!(state_on(&town, code, "2024-06-30").await, 0);
    assert_eq!(state_on(&town, code, "2026-04-30").await, i32::from(pb::AgreementState::Active));
    assert_eq!(state_on(&town, code, "2026-05-01").await, i32::from(pb::AgreementState::Suspended));
    // a row without a timeline keeps the one that is known
    let bare =
        pb::Institution { timeline: vec![], ..institution(code, pb::InstitutionKind::Pharmacy, "110000") };
    assert!(import(&town, vec![bare], &operator).await.is_empty());
    assert_eq!(state_on(&town, code, "2026-05-01").await, i32::from(pb::AgreementState::Suspended));
}

#[tokio::test]
async fn rows_outside_the_region_or_the_list_are_refused() {
    let town = Town::new().await;
    let agency = town.token(PrincipalKind::Agency, "agency-bj", "110000");
    let rows = vec![
        institution("H13030200001", pb::InstitutionKind::Hospital, "130300"),
        institution("P11010500001", pb::InstitutionKind::Hospital, "110000"),
        institution("P31010500001", pb::InstitutionKind::Pharmacy, "310000"),
    ];
    let expected = [(0, "OUTSIDE_REGION"), (1, "INVALID_REQUEST"), (2, "REGION_UNKNOWN")];
    let expected = expected.map(|(row, reason)| (row, reason.to_owned()));
    assert_eq!(import(&town, rows, &agency).await, expected);
    let body = pb::GetInstitutionRequest { fixmedins_code: "H13030200001".to_owned(), date: String::new() };
    let missing = town.institutions().get_institution(town.call(body, "")).await;
    assert_eq!(reason(missing), "INSTITUTION_NOT_FOUND");
}

#[tokio::test]
async fn an_agency_takes_nothing_over_from_another_region() {
    let town = Town::new().await;
    let agency = town.token(PrincipalKind::Agency, "agency-bj", "110000");
    import_hospital(&town, "H13030200001").await;
    let taken = institution("H13030200001", pb::InstitutionKind::Hospital, "110000");
    assert_eq!(import(&town, vec![taken], &agency).await, [(0, "OUTSIDE_REGION".to_owned())]);

    let key = |seed: u8| {
        let secret = sm2::SecretKey::from_slice(&[seed; 32]).unwrap();
        sm2::dsa::SigningKey::new(crate::credential::SM2_USER_ID, &secret).unwrap()
    };
    import_doctor(&town, doctor(&key(7), true)).await;
    import_doctor(&town, courier(&key(7))).await;
    let own = institution("H11010500001", pb::InstitutionKind::Hospital, "110000");
    assert!(import(&town, vec![own], &agency).await.is_empty());
    let here = "H11010500001".to_owned();
    let rows = vec![
        pb::Practitioner { fixmedins_code: here.clone(), ..doctor(&key(9), true) },
        pb::Practitioner { practitioner_code: "D130302000001".to_owned(), ..courier(&key(9)) },
        pb::Practitioner {
            practitioner_code: courier(&key(9)).practitioner_code,
            kind: pb::PractitionerKind::RetailPharmacist.into(),
            fixmedins_code: here,
            ..doctor(&key(9), true)
        },
    ];
    let request = town.call(pb::ImportPractitionersRequest { rows }, &agency);
    let errors = town.institutions().import_practitioners(request).await.unwrap().into_inner().errors;
    let errors: Vec<_> = errors.iter().map(|error| (error.row, error.reason.as_str())).collect();
    assert_eq!(errors, [(0, "OUTSIDE_REGION"), (1, "OUTSIDE_REGION"), (2, "OUTSIDE_REGION")]);
    let operator = town.token(PrincipalKind::Operator, "operator", "");
    let body = pb::GetPractitionerRequest { practitioner_code: "D130302000001".to_owned() };
    let got = town.institutions().get_practitioner(town.call(body, &operator)).await.unwrap().into_inner();
    assert_eq!(got.practitioner.unwrap().signing_key, doctor(&key(7), true).signing_key);
}

#[tokio::test]
async fn a_list_is_paged_and_leaves_out_the_inactive() {
    let town = Town::new().await;
    let operator = town.token(PrincipalKind::Operator, "operator", "");
    let mut rows: Vec<_> = (1..=5)
        .map(|serial| institution(&format!("P1101050000{serial}"), pb::InstitutionKind::Pharmacy, "110000"))
        .collect();
    rows[1].timeline[0].effective_date = "2099-01-01".to_owned();
    rows[4].capabilities = vec!["stock_link".to_owned()];
    rows.push(institution("H13030200001", pb::InstitutionKind::Hospital, "130300"));
    assert!(import(&town, rows, &operator).await.is_empty());
    let ask = |page_token: &str, include_inactive: bool| {
        let body = pb::ListInstitutionsRequest {
            region: "110000".to_owned(),
            kind: pb::InstitutionKind::Pharmacy.into(),
            capability: "otc_online".to_owned(),
            date: String::new(),
            include_inactive,
            page: Some(PageRequest { page_size: 2, page_token: page_token.to_owned() }),
        };
        let request = town.call(body, "");
        let mut institutions = town.institutions();
        async move { institutions.list_institutions(request).await.unwrap().into_inner() }
    };
    let codes = |page: &pb::ListInstitutionsResponse| -> String {
        page.institutions.iter().map(|own| own.fixmedins_code[11..].to_owned()).collect()
    };
    let first = ask("", false).await;
    assert_eq!(codes(&first), "13");
    let second = ask(&first.next_page_token, false).await;
    assert_eq!((codes(&second).as_str(), second.next_page_token.as_str()), ("4", ""));
    assert_eq!(codes(&ask("", true).await), "12");
}

#[tokio::test]
async fn patients_see_active_doctors_only() {
    let town = Town::new().await;
    import_hospital(&town, "H13030200001").await;
    let secret = sm2::SecretKey::from_slice(&[7; 32]).unwrap();
    let key = sm2::dsa::SigningKey::new(crate::credential::SM2_USER_ID, &secret).unwrap();
    import_doctor(&town, doctor(&key, true)).await;
    let pharmacist = pb::Practitioner {
        practitioner_code: "HY130302000001".to_owned(),
        kind: pb::PractitionerKind::HospitalPharmacist.into(),
        ..doctor(&key, true)
    };
    import_doctor(&town, pharmacist).await;
    let list = |token: String| {
        let body = pb::ListPractitionersRequest { fixmedins_code: "H13030200001".to_owned(), kind: 0 };
        let request = town.call(body, &token);
        let mut institutions = town.institutions();
        async move { institutions.list_practitioners(request).await.unwrap().into_inner().practitioners.len() }
    };
    assert_eq!(list(String::new()).await, 1);
    assert_eq!(list(town.token(PrincipalKind::His, "H13030200001", "")).await, 2);
    let operator = town.token(PrincipalKind::Operator, "operator", "");
    let rows = vec![
        pb::Practitioner { signing_key: String::new(), ..doctor(&key, true) },
        pb::Practitioner { fixmedins_code: "H13030200009".to_owned(), ..doctor(&key, true) },
        pb::Practitioner { practitioner_code: "X1".to_owned(), ..doctor(&key, true) },
        pb::Practitioner {
            practitioner_code: "courier-1".to_owned(),
            kind: pb::PractitionerKind::Courier.into(),
            fixmedins_code: String::new(),
            signing_key: String::new(),
            ..doctor(&key, true)
        },
    ];
    let request = town.call(pb::ImportPractitionersRequest { rows }, &operator);
    let errors = town.institutions().import_practitioners(request).await.unwrap().into_inner().errors;
    let errors: Vec<_> = errors.iter().map(|error| (error.row, error.reason.as_str())).collect();
    assert_eq!(errors, [(0, "INVALID_REQUEST"), (1, "INSTITUTION_NOT_FOUND"), (2, "INVALID_REQUEST")]);
    let body = pb::GetPractitionerRequest { practitioner_code: "courier-1".to_owned() };
    let got = town.institutions().get_practitioner(town.call(body, &operator)).await.unwrap().into_inner();
    assert_eq!(got.practitioner.unwrap().name, "甲测试医生一");
}
