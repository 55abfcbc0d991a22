use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_kernel::Timestamp;
use liufang_platform::{Clock as _, PrincipalKind, Settings};
use liufang_proto::identity::v1 as pb;
use pb::certificate_service_client::CertificateServiceClient;
use sm2::dsa::SigningKey;
use sm2::dsa::signature::Signer as _;

use super::institutions::{courier, doctor, import_doctor, import_hospital};
use super::town::{Refusal, Town, reason};
use crate::credential::SM2_USER_ID;
use crate::demo::{self, Wanted};

pub const DOCTOR: &str = "D130302000001";

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(SM2_USER_ID, &[seed; 32]).unwrap()
}

/// A certificate of the demo authority, good for `years`.
fn certificate(key: &SigningKey, years: [i32; 2]) -> String {
    let first = |year: i32| {
        let day = time::Date::from_calendar_date(year, time::Month::January, 1).unwrap();
        Timestamp(day.midnight().assume_utc().unix_timestamp() * 1_000_000)
    };
    let own = Wanted {
        subject: DOCTOR.to_owned(),
        info: demo::sm2_info(&key.verifying_key().to_sec1_bytes()),
        serial: u64::from(key.verifying_key().to_sec1_bytes()[5]) + 1,
        valid: (first(years[0]), first(years[1])),
        usage: demo::usage::SIGNATURE,
        authority: None,
    };
    STANDARD.encode(demo::authority().issue(&own))
}

pub async fn register(town: &Town, text: &str, agency: &str) -> Result<pb::Certificate, Refusal> {
    register_with(town, text, &[], agency).await
}

/// With authorities between.
pub async fn register_with(
    town: &Town,
    text: &str,
    chain: &[String],
    agency: &str,
) -> Result<pb::Certificate, Refusal> {
    let body = pb::RegisterCertificateRequest {
        practitioner_code: DOCTOR.to_owned(),
        certificate: text.to_owned(),
        chain: chain.to_vec(),
    };
    let mut client = CertificateServiceClient::new(town.stack.clone());
    let answer = client.register_certificate(town.call(body, agency)).await.map_err(Refusal::from)?;
    Ok(answer.into_inner().certificate.unwrap())
}

async fn revoke(town: &Town, fingerprint: &str, agency: &str) -> Result<pb::Certificate, Refusal> {
    let body = pb::RevokeCertificateRequest {
        fingerprint: fingerprint.to_owned(),
        revoked_at_us: 0,
        reason: pb::RevocationReason::Superseded.into(),
    };
    let mut client = CertificateServiceClient::new(town.stack.clone());
    let answer = client.revoke_certificate(town.call(body, agency)).await.map_err(Refusal::from)?;
    Ok(answer.into_inner().certificate.unwrap())
}

pub async fn token(town: &Town, key: &SigningKey) -> Result<(), Refusal> {
    let issued_at_us = town.world.clock.now().0;
    let nonce = format!("nonce-{}", town.world.deps.ids.secret()).chars().take(40).collect::<String>();
    let text = format!("liufang-practitioner\n{DOCTOR}\n{issued_at_us}\n{nonce}");
    let signature: sm2::dsa::Signature = key.sign(text.as_bytes());
    let body = pb::IssuePractitionerTokenRequest {
        practitioner_code: DOCTOR.to_owned(),
        issued_at_us,
        nonce,
        signature: STANDARD.encode(signature.to_bytes()),
    };
    let his = town.token(PrincipalKind::His, "H13030200001", "130300");
    town.tokens().issue_practitioner_token(town.call(body, &his)).await.map(|_| ()).map_err(Refusal::from)
}

#[tokio::test]
async fn a_certificate_takes_the_place_of_the_key_until_it_is_revoked() {
    let town = Town::new().await;
    import_hospital(&town, "H13030200001").await;
    let (raw, certified) = (key(7), key(9));
    import_doctor(&town, doctor(&raw, true)).await;
    token(&town, &raw).await.unwrap();
    let agency = town.token(PrincipalKind::Agency, "agency-qhd", "130300");
    let other = town.token(PrincipalKind::Agency, "agency-bj", "110000");
    let good = certificate(&certified, [2020, 2049]);
    assert_eq!(reason(register(&town, &good, &other).await), "OUTSIDE_REGION");
    assert_eq!(reason(register(&town, "AAAA", &agency).await), "INVALID_REQUEST");
    let first = register(&town, &good, &agency).await.unwrap();
    assert_eq!((first.algorithm.as_str(), first.revoked_at_us), ("sm2", 0));
    assert_eq!(register(&town, &good, &agency).await.unwrap().fingerprint, first.fingerprint, "once");
    token(&town, &certified).await.unwrap();
    assert_eq!(reason(token(&town, &raw).await), "PRACTITIONER_SIGNATURE_INVALID");

    let body = pb::GetPractitionerRequest { practitioner_code: DOCTOR.to_owned() };
    let got = town.institutions().get_practitioner(town.call(body, &agency)).await.unwrap().into_inner();
    assert_eq!(got.practitioner.unwrap().certificates.len(), 1);

    assert_eq!(reason(revoke(&town, &first.fingerprint, &other).await), "OUTSIDE_REGION");
    assert_eq!(reason(revoke(&town, "nobody", &agency).await), "CERTIFICATE_NOT_FOUND");
    let revoked = revoke(&town, &first.fingerprint, &agency).await.unwrap();
    assert!(0 < revoked.revoked_at_us);
    let refused = token(&town, &certified).await.err().unwrap();
    assert_eq!((refused.reason(), refused.meta("cause")), ("CERTIFICATE_INVALID", "revoked"));
    let over = certificate(&key(11), [2020, 2021]);
    register(&town, &over, &agency).await.unwrap();
    assert_eq!(reason(token(&town, &key(11)).await), "CERTIFICATE_INVALID", "it has expired");
    let fresh = key(10);
    register(&town, &certificate(&fresh, [2020, 2049]), &agency).await.unwrap();
    token(&town, &fresh).await.unwrap();
}

/// A town whose only authority is that of the seed, with these settings.
async fn town_with(settings: serde_json::Value) -> Town {
    let town = Town::with(Settings::new(settings.as_object().cloned().unwrap())).await;
    import_hospital(&town, "H13030200001").await;
    import_doctor(&town, doctor(&key(7), true)).await;
    town
}

async fn certificate_needed(town: &Town, code: &str) -> bool {
    let agency = town.token(PrincipalKind::Agency, "agency-qhd", "130300");
    let body = pb::GetPractitionerRequest { practitioner_code: code.to_owned() };
    let got = town.institutions().get_practitioner(town.call(body, &agency)).await.unwrap().into_inner();
    got.practitioner.unwrap().certificate_needed
}

#[tokio::test]
async fn where_authorities_are_trusted_nobody_signs_without_a_certificate() {
    let town = town_with(serde_json::json!({})).await;
    let raw = key(7);
    let refused = token(&town, &raw).await.err().unwrap();
    assert_eq!((refused.reason(), refused.meta("cause")), ("CERTIFICATE_INVALID", "missing"));
    assert!(certificate_needed(&town, DOCTOR).await, "prescription must hear of it");
    // a courier signs nothing but their own way in
    import_doctor(&town, courier(&key(8))).await;
    assert!(!certificate_needed(&town, "PS130300000001").await);
    let agency = town.token(PrincipalKind::Agency, "agency-qhd", "130300");
    register(&town, &certificate(&raw, [2020, 2049]), &agency).await.unwrap();
    token(&town, &raw).await.unwrap();
    // by name, and where nothing is checked
    for setting in ["uncertified_keys", "unchecked_certificates"] {
        let town = town_with(serde_json::json!({ setting: true })).await;
        token(&town, &raw).await.unwrap();
        assert!(!certificate_needed(&town, DOCTOR).await);
    }
}
