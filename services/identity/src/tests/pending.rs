//! Providers that are still at work: nobody else is asked, and how it ended is asked for by our own request id.

use liufang_platform::Settings;
use liufang_proto::hooks::v1::CheckOutcome;
use liufang_proto::identity::v1 as pb;
use pb::StepState::{CodeSent, Failed, NoAnswer, Open, Passed, Pending};

use super::town::{Town, reason, states};

fn are(expected: [pb::StepState; 4]) -> Vec<i32> {
    expected.into_iter().map(Into::into).collect()
}

async fn two() -> Town {
    let both = ["verification", "second"];
    let settings = serde_json::json!({ "registry_providers": both, "carrier_providers": both });
    Town::with(Settings::new(settings.as_object().cloned().unwrap())).await
}

async fn get(town: &Town, id: &str) -> Vec<i32> {
    let body = pb::GetVerificationRequest { verification_id: id.to_owned() };
    let answer = town.verifications().get_verification(town.call(body, "")).await.unwrap().into_inner();
    states(&answer.verification.unwrap())
}

/// The worker's turn after so many seconds: how many checks came to an end.
async fn turn(town: &Town, seconds: i64) -> usize {
    town.world.clock.advance_seconds(seconds);
    town.app.ask_again().await.unwrap()
}

#[tokio::test]
async fn late_answers_are_asked_for_and_count() {
    let town = two().await;
    town.provider.pending(Some(CheckOutcome::Pending));
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    assert_eq!(get(&town, &id).await, are([Pending, Open, Open, Open]));
    assert_eq!(town.second.calls(), 0, "the first may still pass");
    // nobody is asked meanwhile, and no code is sent
    assert_eq!(states(&town.send(&id).await.unwrap()), are([Pending, Open, Open, Open]));
    assert_eq!((town.provider.calls(), town.second.calls()), (1, 0));
    assert_eq!(turn(&town, 0).await, 0, "not yet");
    assert_eq!(turn(&town, 1).await, 0);
    assert_eq!(turn(&town, 1).await, 0, "the pause grows");
    let (asked, queried) = town.provider.asked();
    assert_eq!(asked, queried, "once, under the id of the check");
    town.provider.later(Some(CheckOutcome::Pass));
    assert_eq!(turn(&town, 1).await, 1);
    assert_eq!(get(&town, &id).await, are([Passed, Open, Open, Open]));
    assert_eq!(turn(&town, 60).await, 0, "it has ended");

    assert_eq!(states(&town.send(&id).await.unwrap()), are([Passed, CodeSent, Open, Open]));
    town.provider.pending(Some(CheckOutcome::Pass));
    let code = town.provider.code();
    assert_eq!(states(&town.type_code(&id, &code).await.unwrap()), are([Passed, Passed, Pending, Open]));
    assert_eq!(states(&town.type_code(&id, &code).await.unwrap()), are([Passed, Passed, Pending, Open]));
    assert_eq!(turn(&town, 1).await, 1);
    town.provider.pending(Some(CheckOutcome::Pass));
    assert_eq!(states(&town.face(&id).await.unwrap()), are([Passed, Passed, Passed, Pending]));
    assert_eq!(reason(town.sign_in(&id).await), "VERIFICATION_INCOMPLETE", "silence passes nothing");
    assert_eq!(turn(&town, 1).await, 1);
    let signed = town.sign_in(&id).await.unwrap();
    assert!(!signed.person_id.is_empty());
}

#[tokio::test]
async fn a_late_no_costs_an_attempt_and_no_answer_costs_nothing() {
    let town = two().await;
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    town.send(&id).await.unwrap();
    town.provider.pending(Some(CheckOutcome::Fail));
    town.type_code(&id, &town.provider.code()).await.unwrap();
    assert_eq!(turn(&town, 1).await, 1);
    let again = town.provider.calls();
    assert_eq!(get(&town, &id).await, are([Passed, Passed, Failed, Open]));
    // the provider has forgotten: no answer, and it may be tried again
    town.provider.pending(None);
    let typed = town.type_code(&id, "000000").await.unwrap();
    assert_eq!((typed.steps[2].attempts_left, town.provider.calls()), (4, again + 1));
    assert_eq!(turn(&town, 1).await, 1);
    assert_eq!(get(&town, &id).await, are([Passed, Passed, NoAnswer, Open]));
    let typed = town.type_code(&id, "000000").await.unwrap();
    assert_eq!(states(&typed), are([Passed, Passed, Passed, Open]));
}

#[tokio::test]
async fn a_late_registry_knows_whom_it_speaks_of() {
    let town = two().await;
    let stranger = super::town::human("测试丁", "11010119900101002", "19900000009");
    town.provider.pending(Some(CheckOutcome::Pass));
    let id = town.start(&stranger, pb::Purpose::Register).await.unwrap().verification_id;
    assert_eq!(turn(&town, 1).await, 1);
    assert_eq!(get(&town, &id).await, are([Failed, Open, Open, Open]), "not insured here");
    town.provider.pending(Some(CheckOutcome::Fail));
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    assert_eq!(turn(&town, 1).await, 1);
    assert_eq!(get(&town, &id).await, are([Failed, Open, Open, Open]));
}

#[tokio::test]
async fn what_never_ends_ends_with_the_session() {
    let town = two().await;
    town.provider.pending(Some(CheckOutcome::Pending));
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    assert_eq!(turn(&town, 60).await, 0);
    assert_eq!(turn(&town, 15 * 60).await, 1, "given up");
    assert_eq!(town.provider.asked().1.len(), 1, "nobody was asked for a session that is over");
    assert_eq!(get(&town, &id).await, are([Pending, Open, Open, Open]));
    assert_eq!(reason(town.send(&id).await), "VERIFICATION_EXPIRED");
}
