use liufang_platform::PrincipalKind;
use liufang_proto::identity::v1 as pb;
use pb::StepState::{CodeSent, Failed, NoAnswer, Open, Passed};

use super::town::{Human, Town, join_all, reason, states};

fn are(expected: [pb::StepState; 4]) -> Vec<i32> {
    expected.into_iter().map(Into::into).collect()
}

#[tokio::test]
async fn passes_step_by_step() {
    let town = Town::new().await;
    let started = town.start(&town.employee, pb::Purpose::Register).await.unwrap();
    assert_eq!(states(&started), are([Passed, Open, Open, Open]));
    let id = started.verification_id;
    assert_eq!(town.face(&id).await.err().unwrap().meta("next_step"), "phone");
    assert_eq!(states(&town.send(&id).await.unwrap()), are([Passed, CodeSent, Open, Open]));
    assert_eq!(reason(town.send(&id).await), "RESEND_TOO_SOON");
    let typed = town.type_code(&id, &town.provider.code()).await.unwrap();
    assert_eq!(states(&typed), are([Passed, Passed, Passed, Open]));
    let done = town.face(&id).await.unwrap();
    assert!(done.complete);
    assert_eq!(states(&done), are([Passed; 4]));
    let got = pb::GetVerificationRequest { verification_id: id.clone() };
    let got = town.verifications().get_verification(town.call(got, "")).await.unwrap().into_inner();
    assert!(got.verification.unwrap().complete);
    let jd = town.token(PrincipalKind::Platform, "jd", "");
    let got = pb::GetVerificationRequest { verification_id: id };
    let other = town.verifications().get_verification(town.call(got, &jd)).await;
    assert_eq!(reason(other), "VERIFICATION_NOT_FOUND");
}

#[tokio::test]
async fn names_every_bad_field_at_once() {
    let town = Town::new().await;
    let mut certno = town.employee.certno.clone();
    let last = if certno.pop() == Some('1') { '2' } else { '1' };
    certno.push(last);
    let bad = Human { name: "", certno: certno.clone(), phone: "123" };
    let refused = town.start(&bad, pb::Purpose::Unspecified).await.err().unwrap();
    assert_eq!(refused.reason(), "INVALID_REQUEST");
    let text = format!("{refused:?}");
    for field in ["purpose", "psn_name", "certno", "phone"] {
        assert!(text.contains(field), "{field}");
    }
    assert!(!text.contains(&certno), "a refusal never repeats the number");
}

#[tokio::test]
async fn silence_passes_nothing_and_can_be_tried_again() {
    let town = Town::new().await;
    town.provider.broken();
    let started = town.start(&town.employee, pb::Purpose::Register).await.unwrap();
    assert_eq!(states(&started), are([NoAnswer, Open, Open, Open]));
    let id = started.verification_id;
    town.provider.silent();
    assert_eq!(states(&town.send(&id).await.unwrap()), are([NoAnswer, Open, Open, Open]));
    // registry answers, message does not
    let sent = {
        let provider = town.provider.clone();
        provider.fail();
        town.send(&id).await.unwrap()
    };
    assert_eq!(states(&sent), are([Failed, Open, Open, Open]));
    assert_eq!(sent.steps[0].attempts_left, 4);
    let sent = town.send(&id).await.unwrap();
    assert_eq!(states(&sent), are([Passed, CodeSent, Open, Open]));
    town.provider.silent();
    let typed = town.type_code(&id, &town.provider.code()).await.unwrap();
    assert_eq!(states(&typed), are([Passed, Passed, NoAnswer, Open]));
    assert_eq!(typed.steps[2].attempts_left, 5);
    // the code has passed: only the carrier is asked again
    let again = town.type_code(&id, "000000").await.unwrap();
    assert_eq!(states(&again), are([Passed, Passed, Passed, Open]));
    town.provider.broken();
    assert_eq!(states(&town.face(&id).await.unwrap()), are([Passed, Passed, Passed, NoAnswer]));
    assert!(town.face(&id).await.unwrap().complete);
}

#[tokio::test]
async fn an_unanswered_message_may_be_sent_again_at_once() {
    let town = Town::new().await;
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    town.provider.broken();
    assert_eq!(states(&town.send(&id).await.unwrap()), are([Passed, NoAnswer, Open, Open]));
    let old = town.provider.code();
    assert_eq!(states(&town.send(&id).await.unwrap()), are([Passed, CodeSent, Open, Open]));
    let fresh = town.provider.code();
    if old != fresh {
        assert_eq!(town.type_code(&id, &old).await.unwrap().steps[1].attempts_left, 4);
    }
    assert_eq!(town.type_code(&id, &fresh).await.unwrap().steps[1].state, i32::from(Passed));
}

#[tokio::test]
async fn five_wrong_codes_lock_the_person_out() {
    let town = Town::new().await;
    let other = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    assert_eq!(reason(town.type_code(&id, "123456").await), "PHONE_CODE_NOT_SENT");
    town.send(&id).await.unwrap();
    let right = town.provider.code();
    let wrong = if right == "123456" { "654321" } else { "123456" };
    for left in [4, 3, 2, 1, 0] {
        let typed = town.type_code(&id, wrong).await.unwrap();
        assert_eq!((typed.steps[1].state, typed.steps[1].attempts_left), (i32::from(Failed), left));
        assert_eq!(typed.locked_until_us != 0, left == 0);
    }
    let locked = town.type_code(&id, &right).await.err().unwrap();
    assert_eq!(locked.reason(), "VERIFICATION_LOCKED");
    assert!(!locked.meta("locked_until_us").is_empty());
    assert_eq!(reason(town.start(&town.employee, pb::Purpose::Register).await), "VERIFICATION_LOCKED");
    assert_eq!(reason(town.send(&other).await), "VERIFICATION_LOCKED", "every session of the number");
    town.world.clock.advance_seconds(1801);
    assert!(town.start(&town.employee, pb::Purpose::Register).await.is_ok());
}

#[tokio::test]
async fn a_wrong_code_counts_once_for_one_key() {
    let town = Town::new().await;
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    town.send(&id).await.unwrap();
    let wrong = if town.provider.code() == "123456" { "654321" } else { "123456" };
    for _ in 0..3 {
        let body = pb::VerifyPhoneCodeRequest { verification_id: id.clone(), code: wrong.to_owned() };
        let answer =
            town.verifications().verify_phone_code(town.keyed(body, "", "the-same-key")).await.unwrap();
        assert_eq!(answer.into_inner().verification.unwrap().steps[1].attempts_left, 4);
    }
}

#[tokio::test]
async fn the_same_key_asks_no_provider_again() {
    let town = Town::new().await;
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    let calls = town.provider.calls();
    for _ in 0..3 {
        let body = pb::SendPhoneCodeRequest { verification_id: id.clone() };
        town.verifications().send_phone_code(town.keyed(body, "", "the-same-key")).await.unwrap();
    }
    assert_eq!(town.provider.calls(), calls + 1);
}

#[tokio::test]
async fn a_phone_is_not_flooded_over_many_sessions() {
    let town = Town::new().await;
    for _ in 0..5 {
        let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
        town.send(&id).await.unwrap();
    }
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    assert_eq!(reason(town.send(&id).await), "RESEND_TOO_SOON");
}

#[tokio::test]
async fn mismatch_stranger_and_unregistered_are_refused() {
    let town = Town::new().await;
    let wrong_name = Human { name: "测试丁", ..town.employee.clone() };
    assert_eq!(reason(town.start(&wrong_name, pb::Purpose::Register).await), "IDENTITY_MISMATCH");
    let stranger = Human { certno: "11010519491231002X".to_owned(), ..town.employee.clone() };
    assert_eq!(reason(town.start(&stranger, pb::Purpose::Register).await), "NOT_INSURED");
    assert_eq!(reason(town.start(&town.employee, pb::Purpose::SignIn).await), "NOT_REGISTERED");
    for _ in 0..4 {
        town.provider.fail();
        assert_eq!(reason(town.start(&town.employee, pb::Purpose::Register).await), "IDENTITY_MISMATCH");
    }
    assert_eq!(reason(town.start(&town.employee, pb::Purpose::Register).await), "VERIFICATION_LOCKED");
}

#[tokio::test]
async fn five_refused_faces_lock_too() {
    let town = Town::new().await;
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    town.send(&id).await.unwrap();
    town.type_code(&id, &town.provider.code()).await.unwrap();
    for left in [4, 3, 2, 1, 0] {
        town.provider.fail();
        assert_eq!(town.face(&id).await.unwrap().steps[3].attempts_left, left);
    }
    assert_eq!(reason(town.face(&id).await), "VERIFICATION_LOCKED");
    assert_eq!(reason(town.sign_in(&id).await), "VERIFICATION_LOCKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_guesses_at_once_few_are_compared() {
    let town = Town::new().await;
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    town.send(&id).await.unwrap();
    let right = town.provider.code();
    let guesses = (0..40).map(|n| format!("{:06}", 100_000 + n)).filter(|guess| *guess != right);
    let answers = guesses.map(|guess| {
        let (town, id) = (&town, &id);
        async move { town.type_code(id, &guess).await }
    });
    let answers = join_all(answers).await;
    assert!(answers.iter().flatten().count() <= 5);
    let reasons: Vec<_> =
        answers.iter().filter_map(|answer| answer.as_ref().err()).map(|e| e.reason()).collect();
    assert!(
        reasons.iter().all(|reason| ["VERIFICATION_LOCKED", "LOST_RACE"].contains(reason)),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn a_session_ends_after_fifteen_minutes() {
    let town = Town::new().await;
    let id = town.verified(&town.employee, pb::Purpose::Register).await;
    town.world.clock.advance_seconds(901);
    assert_eq!(reason(town.sign_in(&id).await), "VERIFICATION_EXPIRED");
    assert_eq!(reason(town.face(&id).await), "VERIFICATION_EXPIRED");
    let sweeper = crate::workers::Sweeper::new(&town.world.deps);
    assert_eq!(sweeper.step().await.unwrap(), 0);
    town.world.clock.advance_seconds(2 * 86_400);
    assert!(sweeper.step().await.unwrap() > 0);
    assert_eq!(reason(town.sign_in(&id).await), "VERIFICATION_NOT_FOUND");
}
