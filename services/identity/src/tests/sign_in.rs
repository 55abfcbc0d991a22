use liufang_platform::PrincipalKind;
use liufang_proto::identity::v1 as pb;

use super::town::{Refusal, Town, join_all, reason};

async fn refresh(town: &Town, token: &str, bearer: &str) -> Result<pb::TokenPair, Refusal> {
    let body = pb::RefreshTokenRequest { refresh_token: token.to_owned() };
    let answer = town.tokens().refresh_token(town.call(body, bearer)).await.map_err(Refusal::from)?;
    Ok(answer.into_inner().tokens.unwrap())
}

#[tokio::test]
async fn a_verification_gives_tokens_once() {
    let town = Town::new().await;
    let id = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    let incomplete = town.sign_in(&id).await.err().unwrap();
    assert_eq!((incomplete.reason(), incomplete.meta("missing_step")), ("VERIFICATION_INCOMPLETE", "phone"));
    let id = town.verified(&town.employee, pb::Purpose::Register).await;
    let signed = town.sign_in(&id).await.unwrap();
    let access = signed.tokens.unwrap().access_token;
    let me = town.persons().get_me(town.call(pb::GetMeRequest {}, &access)).await.unwrap().into_inner();
    let me = me.person.unwrap();
    assert!(me.verified && me.name_masked == "测试甲" && me.phone_masked == "19900000001");
    assert_eq!(reason(town.sign_in(&id).await), "VERIFICATION_USED");
    // registered now: signing in works, and a consent is no sign-in
    let again = town.verified(&town.employee, pb::Purpose::SignIn).await;
    assert_eq!(town.sign_in(&again).await.unwrap().person_id, signed.person_id);
    let aid = town.verified(&town.employee, pb::Purpose::MutualAid).await;
    assert_eq!(reason(town.sign_in(&aid).await), "VERIFICATION_PURPOSE");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_signs_in() {
    let town = Town::new().await;
    let id = town.verified(&town.employee, pb::Purpose::Register).await;
    let answers = join_all((0..30).map(|_| town.sign_in(&id))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
    assert!(refused.clone().all(|refusal| refusal.reason() == "VERIFICATION_USED"));
}

#[tokio::test]
async fn the_same_key_gives_the_same_tokens() {
    let town = Town::new().await;
    let id = town.verified(&town.employee, pb::Purpose::Register).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let body = pb::SignInRequest { verification_id: id.clone() };
        let answer = town.tokens().sign_in(town.keyed(body, "", "the-same-key")).await.unwrap();
        seen.push(answer.into_inner().tokens.unwrap().refresh_token);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn reuse_of_an_old_refresh_token_revokes_the_family() {
    let town = Town::new().await;
    let id = town.verified(&town.employee, pb::Purpose::Register).await;
    let first = town.sign_in(&id).await.unwrap().tokens.unwrap();
    let second = refresh(&town, &first.refresh_token, "").await.unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(reason(refresh(&town, &first.refresh_token, "").await), "TOKEN_REUSED");
    assert_eq!(reason(refresh(&town, &second.refresh_token, "").await), "TOKEN_REVOKED");
    assert_eq!(reason(refresh(&town, "unknown", "").await), "REFRESH_TOKEN_INVALID");
}

#[tokio::test]
async fn a_refresh_token_is_bound_to_its_caller_and_ends() {
    let town = Town::new().await;
    let id = town.verified(&town.employee, pb::Purpose::Register).await;
    let pair = town.sign_in(&id).await.unwrap().tokens.unwrap();
    let jd = town.token(PrincipalKind::Platform, "jd", "");
    assert_eq!(reason(refresh(&town, &pair.refresh_token, &jd).await), "REFRESH_TOKEN_INVALID");
    let revoke = pb::RevokeTokenRequest { refresh_token: pair.refresh_token.clone() };
    town.tokens().revoke_token(town.call(revoke, "")).await.unwrap();
    assert_eq!(reason(refresh(&town, &pair.refresh_token, "").await), "TOKEN_REVOKED");
    let id = town.verified(&town.employee, pb::Purpose::SignIn).await;
    let pair = town.sign_in(&id).await.unwrap().tokens.unwrap();
    town.world.clock.advance_seconds(31 * 86_400);
    assert_eq!(reason(refresh(&town, &pair.refresh_token, "").await), "REFRESH_TOKEN_EXPIRED");
}
