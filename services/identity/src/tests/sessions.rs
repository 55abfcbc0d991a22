use liufang_platform::{Clock as _, PrincipalKind};
use liufang_proto::identity::v1 as pb;

use pb::token_service_client::TokenServiceClient;

use super::town::{Human, Refusal, Town, reason};

async fn sessions(town: &Town, token: &str) -> Vec<pb::Session> {
    let answer = town.tokens().list_sessions(town.call(pb::ListSessionsRequest {}, token)).await.unwrap();
    answer.into_inner().sessions
}

async fn revoke(town: &Town, token: &str, session: &str) -> Result<(), Refusal> {
    let body = pb::RevokeSessionRequest { session_id: session.to_owned() };
    town.tokens().revoke_session(town.call(body, token)).await.map(|_| ()).map_err(Refusal::from)
}

async fn refresh(town: &Town, token: &str) -> Result<pb::TokenPair, Refusal> {
    let body = pb::RefreshTokenRequest { refresh_token: token.to_owned() };
    let answer = town.tokens().refresh_token(town.call(body, "")).await.map_err(Refusal::from)?;
    Ok(answer.into_inner().tokens.unwrap())
}

#[tokio::test]
async fn a_person_sees_their_sign_ins_and_ends_one() {
    let town = Town::new().await;
    let first = town.verified(&town.employee, pb::Purpose::Register).await;
    let first = town.sign_in(&first).await.unwrap().tokens.unwrap();
    town.world.clock.advance_seconds(60);
    let second = town.verified(&town.employee, pb::Purpose::SignIn).await;
    let second = town.sign_in(&second).await.unwrap().tokens.unwrap();
    let listed = sessions(&town, &second.access_token).await;
    assert_eq!(listed.len(), 2);
    assert!(listed[0].started_at_us > listed[1].started_at_us, "newest first");
    assert_eq!(listed[1].started_at_us, listed[1].last_used_at_us);
    town.world.clock.advance_seconds(60);
    let first = refresh(&town, &first.refresh_token).await.unwrap();
    let lost = sessions(&town, &second.access_token).await.remove(1);
    assert!(lost.last_used_at_us - lost.started_at_us >= 120_000_000, "a refresh is a use");

    let (_, stranger) = town.registered(&town.resident).await;
    assert_eq!(reason(revoke(&town, &stranger, &lost.session_id).await), "SESSION_NOT_FOUND");
    revoke(&town, &second.access_token, &lost.session_id).await.unwrap();
    revoke(&town, &second.access_token, &lost.session_id).await.unwrap();
    assert_eq!(sessions(&town, &second.access_token).await.len(), 1);
    assert_eq!(reason(refresh(&town, &first.refresh_token).await), "TOKEN_REVOKED");
    refresh(&town, &second.refresh_token).await.unwrap();
    town.world.clock.advance_seconds(91 * 86_400);
    let other = town.token(PrincipalKind::Patient, &town.person_of(&second.access_token), "");
    assert!(sessions(&town, &other).await.is_empty(), "it has ended by itself");
}

async fn ended(town: &Town, after_us: i64) -> Vec<String> {
    let gateway = town.world.directory.peers("gateway").mesh("identity");
    let body = pb::ListEndedSessionsRequest { after_us };
    let answer = TokenServiceClient::new(gateway).list_ended_sessions(tonic::Request::new(body)).await;
    answer.unwrap().into_inner().sessions.into_iter().map(|session| session.session_id).collect()
}

#[tokio::test]
async fn gateways_hear_of_sign_ins_that_ended() {
    let town = Town::new().await;
    let signed = async |human: &Human, purpose| {
        let id = town.verified(human, purpose).await;
        town.sign_in(&id).await.unwrap().tokens.unwrap()
    };
    let first = signed(&town.employee, pb::Purpose::Register).await;
    let second = signed(&town.employee, pb::Purpose::SignIn).await;
    let third = signed(&town.resident, pb::Purpose::Register).await;
    let session =
        |token: &str| town.world.deps.tokens.verify(token, liufang_kernel::Timestamp(0)).unwrap().session;
    assert!(ended(&town, 0).await.is_empty());
    revoke(&town, &second.access_token, &session(&first.access_token)).await.unwrap();
    let one = town.world.clock.now().0;
    town.world.clock.advance_seconds(60);
    // an old refresh token that comes back ends a sign-in too
    refresh(&town, &third.refresh_token).await.unwrap();
    assert_eq!(reason(refresh(&town, &third.refresh_token).await), "TOKEN_REUSED");
    let (first, third) = (session(&first.access_token), session(&third.access_token));
    assert_eq!(ended(&town, 0).await, [first.clone(), third.clone()]);
    assert_eq!(ended(&town, one).await, [third.as_str()], "what is new");
    assert_eq!(ended(&town, one - 1_000_000).await, [first, third.clone()]);
    town.world.clock.advance_seconds(620);
    assert_eq!(ended(&town, 0).await, [third], "its tokens are over");
    let stranger = town.world.directory.peers("order").mesh("identity");
    let asked = tonic::Request::new(pb::ListEndedSessionsRequest::default());
    assert_eq!(
        reason(TokenServiceClient::new(stranger).list_ended_sessions(asked).await),
        "CALLER_NOT_ALLOWED"
    );
}

async fn events(town: &Town, token: &str) -> Vec<(i32, String, String)> {
    let body = pb::ListVerificationEventsRequest { page: None };
    let answer = town.verifications().list_verification_events(town.call(body, token)).await.unwrap();
    let told = |event: pb::VerificationEvent| (event.step, event.outcome, event.provider);
    answer.into_inner().events.into_iter().map(told).rev().collect()
}

fn event(step: pb::VerificationStep, outcome: &str, provider: &str) -> (i32, String, String) {
    (step.into(), outcome.to_owned(), provider.to_owned())
}

#[tokio::test]
async fn every_try_of_a_step_is_on_record() {
    use pb::VerificationStep::{Carrier, Face, IdNumber, Phone};
    let town = Town::new().await;
    let (_, token) = town.registered(&town.employee).await;
    let mut expected = vec![
        event(IdNumber, "pass", "verification"),
        event(Phone, "code_sent", "verification"),
        event(Phone, "pass", ""),
        event(Carrier, "pass", "verification"),
        event(Face, "pass", "verification"),
    ];
    assert_eq!(events(&town, &token).await, expected);
    town.provider.silent();
    let id = town.start(&town.employee, pb::Purpose::SignIn).await.unwrap().verification_id;
    expected.push(event(IdNumber, "no_answer", ""));
    town.send(&id).await.unwrap();
    expected.push(event(IdNumber, "pass", "verification"));
    expected.push(event(Phone, "code_sent", "verification"));
    let right = town.provider.code();
    let wrong = if right == "123456" { "654321" } else { "123456" };
    for last in [false, false, false, false, true] {
        town.type_code(&id, wrong).await.unwrap();
        expected.push(event(Phone, if last { "locked" } else { "fail" }, ""));
    }
    assert_eq!(events(&town, &token).await, expected);
    // another person's tries are theirs
    let (_, other) = town.registered(&town.resident).await;
    assert_eq!(events(&town, &other).await.len(), 5);
}

#[tokio::test]
async fn refusals_say_what_is_left_and_until_when() {
    let town = Town::new().await;
    let stranger = Human { name: "测试丁", ..town.employee.clone() };
    for left in ["4", "3", "2", "1", "0"] {
        let refused = town.start(&stranger, pb::Purpose::Register).await.err().unwrap();
        assert_eq!((refused.reason(), refused.meta("attempts_left")), ("IDENTITY_MISMATCH", left));
        assert_eq!(refused.meta("locked_until_us").is_empty(), left != "0");
    }
    let locked = town.start(&town.employee, pb::Purpose::Register).await.err().unwrap();
    assert_eq!(locked.reason(), "VERIFICATION_LOCKED");
    assert_eq!((locked.meta("max_attempts"), locked.meta("lock_seconds")), ("5", "1800"));
    assert!(!locked.meta("locked_until_us").is_empty());

    let id = town.start(&town.resident, pb::Purpose::Register).await.unwrap().verification_id;
    town.send(&id).await.unwrap();
    let soon = town.send(&id).await.err().unwrap();
    let told = (soon.meta("scope"), soon.meta("limit"), soon.meta("window_seconds"));
    assert_eq!((soon.reason(), told), ("RESEND_TOO_SOON", ("session", "1", "60")));
    for _ in 0..4 {
        town.world.clock.advance_seconds(60);
        town.send(&id).await.unwrap();
    }
    town.world.clock.advance_seconds(60);
    let many = town.send(&id).await.err().unwrap();
    assert_eq!((many.meta("scope"), many.meta("limit")), ("phone", "5"));
    assert!(!many.meta("retry_at_us").is_empty());
}

async fn guess(town: &Town, till: &str) -> Refusal {
    let body = pb::DecodeInsuranceCodeRequest { code: "1".repeat(28), business_type: "02121".to_owned() };
    town.persons().decode_insurance_code(town.call(body, till)).await.map_err(Refusal::from).err().unwrap()
}

#[tokio::test]
async fn guesses_are_counted_for_the_till_and_for_its_institution() {
    let town = Town::new().await;
    let tills: Vec<String> =
        (0..4).map(|till| town.token_through("P11010500001", &format!("pos-{till}"))).collect();
    for (till, token) in tills.iter().enumerate().take(3) {
        for left in (0..10).rev() {
            let refused = guess(&town, token).await;
            assert_eq!(
                (refused.reason(), refused.meta("attempts_left")),
                ("INSURANCE_CODE_INVALID", left.to_string().as_str()),
                "till {till}"
            );
        }
        let refused = guess(&town, token).await;
        assert_eq!((refused.reason(), refused.meta("scope")), ("CODE_GUESSING", "caller"));
    }
    let fresh = guess(&town, &tills[3]).await;
    assert_eq!((fresh.reason(), fresh.meta("scope")), ("CODE_GUESSING", "institution"));
    assert_eq!((fresh.meta("limit"), fresh.meta("window_seconds")), ("30", "600"));
    let other = town.token_through("P11010500002", "pos-other");
    assert_eq!(guess(&town, &other).await.meta("attempts_left"), "9");
}

#[tokio::test]
async fn a_region_says_who_may_lend() {
    let town = Town::new().await;
    let ask = |region: &str, date: &str| {
        let body = pb::GetMutualAidRulesRequest { region: region.to_owned(), date: date.to_owned() };
        let mut persons = town.persons();
        let request = town.call(body, "");
        async move { persons.get_mutual_aid_rules(request).await.map(tonic::Response::into_inner) }
    };
    let rules = ask("110000", "").await.unwrap();
    assert!(rules.same_region && rules.relations.contains(&"spouse".to_owned()));
    assert_eq!((rules.payer_insutypes, rules.consent_days), (vec!["310".to_owned()], 30));
    assert!(ask("110000", "1999-01-01").await.unwrap().relations.is_empty());
    assert_eq!(reason(ask("999999", "").await), "REGION_UNKNOWN");
}

#[tokio::test]
async fn whoever_files_leaves_a_record_with_the_holder() {
    let town = Town::new().await;
    let (_, holder) = town.registered(&town.employee).await;
    let (beneficiary, token) = town.registered(&town.resident).await;
    let body = pb::FileMutualAidRequest {
        holder_name: town.employee.name.to_owned(),
        holder_certno: town.employee.certno.clone(),
        relation: "spouse".to_owned(),
        region: "110000".to_owned(),
        ..Default::default()
    };
    town.persons().file_mutual_aid(town.call(body, &token)).await.unwrap();
    let records = town.call(pb::ListAccessRecordsRequest { page: None }, &holder);
    let records = town.persons().list_access_records(records).await.unwrap().into_inner().records;
    assert_eq!(
        (records[0].reader.clone(), records[0].purpose.as_str()),
        (format!("patient:{beneficiary}"), "file_mutual_aid")
    );
}
