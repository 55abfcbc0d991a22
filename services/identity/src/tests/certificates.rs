use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_platform::{Clock as _, PrincipalKind};
use liufang_proto::identity::v1 as pb;
use pb::certificate_service_client::CertificateServiceClient;
use sm2::dsa::SigningKey;
use sm2::dsa::signature::Signer as _;

use super::institutions::{doctor, import_doctor, import_hospital};
use super::town::{Refusal, Town, reason};
use crate::credential::SM2_USER_ID;

const DOCTOR: &str = "D130302000001";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(SM2_USER_ID, &[seed; 32]).unwrap()
}

/// A certificate made with OpenSSL, with another key in it and good for `years`; the registrar has checked who issued it.
fn certificate(key: &SigningKey, years: [&str; 2]) -> String {
    let mut der = STANDARD.decode(include_str!("certificates/sm2.b64")).unwrap();
    let times: Vec<usize> = (0..der.len() - 1).filter(|at| der[*at..*at + 2] == [0x17, 13]).collect();
    for (at, year) in times.iter().zip(years) {
        der[at + 2..at + 4].copy_from_slice(year.as_bytes());
    }
    let head = [0x03, 0x42, 0x00, 0x04];
    let point = (0..der.len()).find(|at| der[*at..].starts_with(&head)).unwrap() + 3;
    der[point..point + 65].copy_from_slice(&key.verifying_key().to_sec1_bytes());
    STANDARD.encode(der)
}

async fn register(town: &Town, text: &str, agency: &str) -> Result<pb::Certificate, Refusal> {
    let body =
        pb::RegisterCertificateRequest { practitioner_code: DOCTOR.to_owned(), certificate: text.to_owned() };
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

async fn token(town: &Town, key: &SigningKey) -> Result<(), Refusal> {
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
    let good = certificate(&certified, ["20", "49"]);
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
    let over = certificate(&key(11), ["20", "21"]);
    register(&town, &over, &agency).await.unwrap();
    assert_eq!(reason(token(&town, &key(11)).await), "CERTIFICATE_INVALID", "it has expired");
    let fresh = key(10);
    register(&town, &certificate(&fresh, ["20", "49"]), &agency).await.unwrap();
    token(&town, &fresh).await.unwrap();
}
