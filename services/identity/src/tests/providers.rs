use liufang_platform::Settings;
use liufang_proto::identity::v1 as pb;
use pb::StepState::{CodeSent, NoAnswer, Open, Passed};

use super::town::{Town, reason, states};

fn lists(lists: serde_json::Value) -> Settings {
    Settings::new(lists.as_object().cloned().unwrap())
}

fn are(expected: [pb::StepState; 4]) -> Vec<i32> {
    expected.into_iter().map(Into::into).collect()
}

#[tokio::test]
async fn the_next_provider_is_asked_after_silence_and_not_after_a_no() {
    let both = ["verification", "second"];
    let settings = lists(serde_json::json!({
        "registry_providers": both, "message_providers": both, "carrier_providers": both,
    }));
    let town = Town::with(settings).await;
    town.provider.broken();
    let started = town.start(&town.employee, pb::Purpose::Register).await.unwrap();
    assert_eq!(states(&started), are([Passed, Open, Open, Open]));
    assert_eq!((town.provider.calls(), town.second.calls()), (1, 1));
    town.provider.silent();
    let id = started.verification_id;
    assert_eq!(states(&town.send(&id).await.unwrap()), are([Passed, CodeSent, Open, Open]));
    assert_eq!(town.provider.code(), town.second.code(), "the same code again");
    // a no is an answer
    town.provider.fail();
    let typed = town.type_code(&id, &town.second.code()).await.unwrap();
    assert_eq!(typed.steps[2].attempts_left, 4);
    assert_eq!(town.second.calls(), 2, "nobody else was asked");
    town.provider.silent();
    town.second.broken();
    let typed = town.type_code(&id, "000000").await.unwrap();
    assert_eq!(states(&typed), are([Passed, Passed, NoAnswer, Open]));
    assert_eq!(typed.steps[2].attempts_left, 4, "silence costs nothing");
}

#[tokio::test]
async fn messages_and_faces_go_to_companies_of_their_own() {
    let settings = lists(serde_json::json!({
        "message_providers": ["second"], "face_providers": ["second", "verification"],
    }));
    let town = Town::with(settings).await;
    let started = town.start(&town.employee, pb::Purpose::Register).await.unwrap();
    assert_eq!(started.face_providers, ["second", "verification"]);
    let id = started.verification_id;
    town.send(&id).await.unwrap();
    town.type_code(&id, &town.second.code()).await.unwrap();
    assert_eq!((town.provider.calls(), town.second.calls()), (2, 1), "registry and carrier; message");
    // a capture lies with whoever took it: silence is not followed by another provider
    town.second.silent();
    assert_eq!(states(&town.face(&id).await.unwrap()), are([Passed, Passed, Passed, NoAnswer]));
    assert_eq!(town.provider.calls(), 2);
    let refused = town.face_at(&id, "nobody").await.err().unwrap();
    assert_eq!(
        (refused.reason(), refused.meta("providers")),
        ("FACE_PROVIDER_UNKNOWN", "second,verification")
    );
    assert!(town.face_at(&id, "verification").await.unwrap().complete);
    assert_eq!((town.provider.calls(), town.second.calls()), (3, 2));
    assert_eq!(reason(town.face_at(&id, "x".repeat(65).as_str()).await), "INVALID_REQUEST");
}

#[tokio::test]
async fn a_late_answer_is_noted_and_counts_for_nothing() {
    let town = Town::new().await;
    let (_, token) = town.registered(&town.employee).await;
    town.provider.hold();
    let started = town.start(&town.employee, pb::Purpose::SignIn).await.unwrap();
    assert_eq!(states(&started), are([NoAnswer, Open, Open, Open]));
    town.provider.release();
    let newest = async || {
        let body = pb::ListVerificationEventsRequest { page: None };
        let answer = town.verifications().list_verification_events(town.call(body, &token)).await.unwrap();
        answer.into_inner().events.remove(0)
    };
    let mut event = newest().await;
    for _ in 0..500 {
        if event.outcome == "late_pass" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        event = newest().await;
    }
    assert_eq!((event.outcome.as_str(), event.provider.as_str()), ("late_pass", "verification"));
    assert!(started.verification_id.ends_with(&event.verification_id_tail));
    let body = pb::GetVerificationRequest { verification_id: started.verification_id };
    let now = town.verifications().get_verification(town.call(body, "")).await.unwrap().into_inner();
    assert_eq!(states(&now.verification.unwrap()), are([NoAnswer, Open, Open, Open]));
}
