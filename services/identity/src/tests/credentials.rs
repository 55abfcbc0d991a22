use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use liufang_platform::auth::SigningKey;
use liufang_platform::{Clock as _, PrincipalKind};
use liufang_proto::common::v1::Caller;
use liufang_proto::identity::v1 as pb;
use sm2::SecretKey;
use sm2::dsa::Signature;
use sm2::dsa::signature::Signer as _;

use super::institutions::{courier, doctor, import_doctor, import_hospital};
use super::town::{Town, reason};
use crate::credential::SM2_USER_ID;

fn assertion(key: &SigningKey, client: &str, exp: i64, jti: &str) -> String {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"JWT"}"#);
    let payload =
        format!(r#"{{"iss":"{client}","sub":"{client}","aud":"liufang","exp":{exp},"jti":"{jti}"}}"#);
    let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(payload));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())))
}

async fn register(town: &Town, key: &SigningKey) {
    let body = pb::RegisterClientRequest {
        client_id: "his-1".to_owned(),
        kind: Caller::His.into(),
        subject: "H13030200001".to_owned(),
        public_key: STANDARD.encode(key.public()),
        region: "130300".to_owned(),
    };
    let operator = town.token(PrincipalKind::Operator, "operator", "");
    town.tokens().register_client(town.call(body, &operator)).await.unwrap();
}

#[tokio::test]
async fn a_machine_signs_in_with_an_assertion_used_once() {
    let town = Town::new().await;
    let key = SigningKey::generate().unwrap();
    register(&town, &key).await;
    let now = town.world.clock.now();
    let issue = |text: String| {
        let request = town.call(pb::IssueClientTokenRequest { client_assertion: text }, "");
        let mut tokens = town.tokens();
        async move { tokens.issue_client_token(request).await }
    };
    let good = assertion(&key, "his-1", now.seconds() + 60, "jti-000001");
    let pair = issue(good.clone()).await.unwrap().into_inner().tokens.unwrap();
    let principal = town.world.deps.tokens.verify(&pair.access_token, now).unwrap();
    assert_eq!((principal.kind, principal.subject.as_str()), (PrincipalKind::His, "H13030200001"));
    assert_eq!((principal.region.as_str(), pair.refresh_token.as_str()), ("130300", ""));
    assert_eq!(reason(issue(good).await), "ASSERTION_REUSED");
    for bad in [
        assertion(&SigningKey::generate().unwrap(), "his-1", now.seconds() + 60, "jti-000002"),
        assertion(&key, "his-2", now.seconds() + 60, "jti-000003"),
        assertion(&key, "his-1", now.seconds() + 900, "jti-000004"),
        assertion(&key, "his-1", now.seconds() - 1, "jti-000005"),
        "not an assertion".to_owned(),
    ] {
        assert_eq!(reason(issue(bad).await), "ASSERTION_INVALID");
    }
    let keys = town.tokens().get_key_set(town.call(pb::GetKeySetRequest {}, "")).await.unwrap().into_inner();
    assert!(keys.jwks_json.contains("Ed25519"));
}

#[tokio::test]
async fn a_practitioner_signs_for_minutes_at_their_own_institution() {
    let town = Town::new().await;
    import_hospital(&town, "H13030200001").await;
    let secret = SecretKey::from_slice(&[7; 32]).unwrap();
    let signing = sm2::dsa::SigningKey::new(SM2_USER_ID, &secret).unwrap();
    import_doctor(&town, doctor(&signing, true)).await;
    let his = town.token(PrincipalKind::His, "H13030200001", "130300");
    let now = town.world.clock.now();
    let signed = |at: i64, nonce: &str| {
        let text = format!("liufang-practitioner\nD130302000001\n{at}\n{nonce}");
        let signature: Signature = signing.sign(text.as_bytes());
        pb::IssuePractitionerTokenRequest {
            practitioner_code: "D130302000001".to_owned(),
            issued_at_us: at,
            nonce: nonce.to_owned(),
            signature: STANDARD.encode(signature.to_bytes()),
        }
    };
    let issue = |body: pb::IssuePractitionerTokenRequest, token: &str| {
        let request = town.call(body, token);
        let mut tokens = town.tokens();
        async move { tokens.issue_practitioner_token(request).await }
    };
    let good = signed(now.0, "nonce-0000000001");
    let pair = issue(good.clone(), &his).await.unwrap().into_inner().tokens.unwrap();
    let principal = town.world.deps.tokens.practitioner(&pair.access_token, now).unwrap();
    assert_eq!((principal.subject.as_str(), principal.client.as_str()), ("D130302000001", "H13030200001"));
    assert_eq!(reason(issue(good.clone(), &his).await), "NONCE_REUSED");
    let other = town.token(PrincipalKind::His, "H13030200002", "130300");
    assert_eq!(reason(issue(good.clone(), &other).await), "PRACTITIONER_ELSEWHERE");
    let stale = signed(now.plus_seconds(-121).0, "nonce-0000000002");
    assert_eq!(reason(issue(stale, &his).await), "SIGNATURE_STALE");
    let forged = pb::IssuePractitionerTokenRequest { nonce: "nonce-0000000003".to_owned(), ..good };
    assert_eq!(reason(issue(forged, &his).await), "PRACTITIONER_SIGNATURE_INVALID");
    import_doctor(&town, doctor(&signing, false)).await;
    let fresh = signed(town.world.clock.now().0, "nonce-0000000004");
    assert_eq!(reason(issue(fresh, &his).await), "PRACTITIONER_INACTIVE");
}

#[tokio::test]
async fn a_courier_signs_through_their_own_app_only() {
    let town = Town::new().await;
    let secret = SecretKey::from_slice(&[8; 32]).unwrap();
    let signing = sm2::dsa::SigningKey::new(SM2_USER_ID, &secret).unwrap();
    import_doctor(&town, courier(&signing)).await;
    let now = town.world.clock.now();
    let issue = |token: &str, nonce: &str| {
        let text = format!("liufang-practitioner\nPS130300000001\n{}\n{nonce}", now.0);
        let signature: Signature = signing.sign(text.as_bytes());
        let body = pb::IssuePractitionerTokenRequest {
            practitioner_code: "PS130300000001".to_owned(),
            issued_at_us: now.0,
            nonce: nonce.to_owned(),
            signature: STANDARD.encode(signature.to_bytes()),
        };
        let request = town.call(body, token);
        let mut tokens = town.tokens();
        async move { tokens.issue_practitioner_token(request).await }
    };
    let own = town.token(PrincipalKind::Courier, "PS130300000001", "130300");
    let pair = issue(&own, "nonce-0000000001").await.unwrap().into_inner().tokens.unwrap();
    let principal = town.world.deps.tokens.practitioner(&pair.access_token, now).unwrap();
    assert_eq!((principal.subject.as_str(), principal.client.as_str()), ("PS130300000001", ""));
    let other = town.token(PrincipalKind::Courier, "PS130300000002", "130300");
    assert_eq!(reason(issue(&other, "nonce-0000000002").await), "PRACTITIONER_ELSEWHERE");
}
