//! Trust and revocation through the calls: who may have issued a certificate, and what its authority's lists say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_kernel::Timestamp;
use liufang_platform::{Clock as _, PrincipalKind, Settings};
use liufang_proto::identity::v1 as pb;
use pb::certificate_service_client::CertificateServiceClient;

use super::certificates::{DOCTOR, key, register, register_with, token};
use super::institutions::{doctor, import_doctor, import_hospital};
use super::town::{Refusal, Town, reason};
use crate::demo::{self, Issuer, Row, VALID, Wanted, usage};

const LEAF: u64 = 0x4711;

/// A town that trusts one SM2 root, and an authority of P-256 below it.
struct Trusting {
    town: Town,
    root: Issuer,
    between: Issuer,
    agency: String,
}

impl Trusting {
    async fn new(rule: &str) -> Trusting {
        let root = Issuer::sm2("Province Root", &[2; 32]);
        let folder =
            std::env::temp_dir().join(format!("liufang-authority-{}.pem", liufang_platform::Ids.secret()));
        std::fs::write(&folder, pem(&root.self_signed(VALID))).unwrap();
        let settings = serde_json::json!({ "authorities": [&folder], "stale_revocation_lists": rule, "uncertified_keys": true });
        let town = Town::with(Settings::new(settings.as_object().cloned().unwrap())).await;
        std::fs::remove_file(&folder).unwrap();
        import_hospital(&town, "H13030200001").await;
        import_doctor(&town, doctor(&key(7), true)).await;
        let agency = town.token(PrincipalKind::Agency, "agency-qhd", "130300");
        Trusting { town, root, between: Issuer::p256("City Authority"), agency }
    }

    fn authority(&self, valid: (Timestamp, Timestamp)) -> String {
        STANDARD.encode(self.root.issue(&self.between.wanted(7, valid, Some(0))))
    }

    /// The doctor's certificate of the city.
    fn leaf(&self) -> String {
        STANDARD.encode(self.between.issue(&Wanted {
            subject: DOCTOR.to_owned(),
            info: demo::sm2_info(&key(9).verifying_key().to_sec1_bytes()),
            serial: LEAF,
            valid: VALID,
            usage: usage::SIGNATURE,
            authority: None,
        }))
    }

    fn now(&self) -> Timestamp {
        self.town.world.clock.now()
    }

    async fn take(
        &self,
        issuer: &Issuer,
        number: u64,
        rows: &[Row],
    ) -> Result<pb::ImportRevocationListResponse, Refusal> {
        let from = self.now().plus_seconds(-60);
        import(self, &STANDARD.encode(issuer.list(number, from, from.plus_days(7), rows))).await
    }

    async fn authorities(&self) -> Vec<(String, i32)> {
        let mut client = CertificateServiceClient::new(self.town.stack.clone());
        let call = self.town.call(pb::ListAuthoritiesRequest {}, &self.agency);
        let answer = client.list_authorities(call).await.unwrap().into_inner();
        answer.authorities.into_iter().map(|own| (own.name, own.list.unwrap().state)).collect()
    }
}

async fn import(own: &Trusting, list: &str) -> Result<pb::ImportRevocationListResponse, Refusal> {
    let body = pb::ImportRevocationListRequest { list: list.to_owned() };
    let mut client = CertificateServiceClient::new(own.town.stack.clone());
    let answer = client.import_revocation_list(own.town.call(body, &own.agency)).await;
    answer.map(tonic::Response::into_inner).map_err(Refusal::from)
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}

#[track_caller]
fn cause<T>(refused: Result<T, Refusal>) -> (String, String) {
    let refused = refused.err().expect("a refusal");
    (refused.reason().to_owned(), refused.meta("cause").to_owned())
}

fn pair(reason: &str, cause: &str) -> (String, String) {
    (reason.to_owned(), cause.to_owned())
}

#[tokio::test]
async fn a_trusted_authority_must_have_issued_it() {
    let own = Trusting::new("warn").await;
    let (town, agency) = (&own.town, &own.agency);
    let stranger = STANDARD.encode(demo::certificate(DOCTOR, &key(9).verifying_key().to_sec1_bytes()));
    let refused = cause(register(town, &stranger, agency).await);
    assert_eq!(refused, pair("CERTIFICATE_UNTRUSTED", "unknown_issuer"), "the demo is not trusted here");
    let leaf = own.leaf();
    let alone = cause(register(town, &leaf, agency).await);
    assert_eq!(alone, pair("CERTIFICATE_UNTRUSTED", "unknown_issuer"), "the city is missing");
    let city = own.authority(VALID);
    let mut broken = STANDARD.decode(&city).unwrap();
    *broken.last_mut().unwrap() ^= 1;
    let forged = cause(register_with(town, &leaf, &[STANDARD.encode(broken)], agency).await);
    assert_eq!(forged, pair("CERTIFICATE_UNTRUSTED", "signature"));
    let over = own.authority((VALID.0, own.now().plus_days(-1)));
    let expired = cause(register_with(town, &leaf, &[over], agency).await);
    assert_eq!(expired, pair("CERTIFICATE_UNTRUSTED", "authority_expired"));
    assert_eq!(reason(register_with(town, &leaf, &["AAAA".to_owned()], agency).await), "INVALID_REQUEST");
    token(town, &key(7)).await.unwrap();
    let taken = register_with(town, &leaf, &[city], agency).await.unwrap();
    assert_eq!((taken.problem, taken.list_overdue), (0, true), "nobody has brought a list yet");
    token(town, &key(9)).await.unwrap();
}

#[tokio::test]
async fn an_authority_that_ends_takes_its_certificates_along() {
    let own = Trusting::new("warn").await;
    let city = own.authority((VALID.0, own.now().plus_days(3)));
    register_with(&own.town, &own.leaf(), &[city], &own.agency).await.unwrap();
    token(&own.town, &key(9)).await.unwrap();
    own.town.world.clock.advance_seconds(4 * 86_400);
    let agency = own.town.token(PrincipalKind::Agency, "agency-qhd", "130300");
    let refused = cause(token(&own.town, &key(9)).await);
    assert_eq!(refused, pair("CERTIFICATE_UNTRUSTED", "authority_expired"));
    let body = pb::GetPractitionerRequest { practitioner_code: DOCTOR.to_owned() };
    let got =
        own.town.institutions().get_practitioner(own.town.call(body, &agency)).await.unwrap().into_inner();
    let problem = got.practitioner.unwrap().certificates[0].problem;
    assert_eq!(problem, i32::from(pb::CertificateProblem::AuthorityExpired));
    // the city's authority was renewed
    register_with(&own.town, &own.leaf(), &[own.authority(VALID)], &agency).await.unwrap();
    token(&own.town, &key(9)).await.unwrap();
}

#[tokio::test]
async fn lists_take_certificates_back() {
    let own = Trusting::new("warn").await;
    let (town, agency) = (&own.town, &own.agency);
    let taken = register_with(town, &own.leaf(), &[own.authority(VALID)], agency).await.unwrap();
    // the city is known by its certificate alone, so its list has no configured issuer
    let refused = cause(own.take(&own.between, 1, &[(LEAF, own.now(), 4)]).await);
    assert_eq!(refused, pair("CRL_UNTRUSTED", "unknown_issuer"));
    let other = Issuer::sm2("Province Root", &[3; 32]);
    assert_eq!(cause(own.take(&other, 1, &[]).await), pair("CRL_UNTRUSTED", "signature"));
    assert_eq!(own.authorities().await, [("CN=Province Root".to_owned(), 3)]);
    let empty = own.take(&own.root, 5, &[]).await.unwrap();
    assert_eq!((empty.rows, empty.fingerprints.len()), (0, 0));
    assert_eq!(own.authorities().await, [("CN=Province Root".to_owned(), 1)]);
    token(town, &key(9)).await.unwrap();
    // the root takes the city back, so everything below it falls
    let rows = [(7, own.now().plus_seconds(-30), 4), (7, own.now(), 4)];
    let second = own.take(&own.root, 6, &rows).await.unwrap();
    assert_eq!((second.rows, second.new_rows, second.errors.len()), (2, 1, 1));
    let refused = cause(token(town, &key(9)).await);
    assert_eq!(refused, pair("CERTIFICATE_UNTRUSTED", "untrusted"));
    // an old list played again changes nothing
    let older = own.take(&own.root, 5, &[]).await.err().unwrap();
    assert_eq!((older.reason(), older.meta("number")), ("CRL_OLDER", "06"));
    assert_eq!(reason(token(town, &key(9)).await), "CERTIFICATE_UNTRUSTED");
    // what a list has said stays said
    own.take(&own.root, 7, &[]).await.unwrap();
    assert_eq!(reason(token(town, &key(9)).await), "CERTIFICATE_UNTRUSTED");
    assert!(!taken.fingerprint.is_empty());
}

#[tokio::test]
async fn a_hold_ends_and_a_revocation_does_not() {
    let own = Trusting::new("warn").await;
    let (town, agency) = (&own.town, &own.agency);
    let direct = |serial: u64, key_of: u8| {
        STANDARD.encode(own.root.issue(&Wanted {
            subject: DOCTOR.to_owned(),
            info: demo::sm2_info(&key(key_of).verifying_key().to_sec1_bytes()),
            serial,
            valid: VALID,
            usage: usage::COMMITMENT,
            authority: None,
        }))
    };
    let taken = register(town, &direct(40, 9), agency).await.unwrap();
    let moment = own.now().plus_seconds(-10);
    let held = own.take(&own.root, 1, &[(40, moment, 6), (41, moment, 1)]).await.unwrap();
    assert_eq!(held.fingerprints, [taken.fingerprint]);
    let refused = cause(token(town, &key(9)).await);
    assert_eq!(refused, pair("CERTIFICATE_INVALID", "revoked"));
    assert_eq!(reason(register(town, &direct(41, 10), agency).await), "CERTIFICATE_REVOKED");
    own.take(&own.root, 2, &[]).await.unwrap();
    token(town, &key(9)).await.unwrap();
    assert_eq!(reason(register(town, &direct(41, 10), agency).await), "CERTIFICATE_REVOKED", "it stays said");
}

#[tokio::test]
async fn a_stale_list_refuses_where_the_rule_says_so() {
    let own = Trusting::new("refuse").await;
    let (town, agency) = (&own.town, &own.agency);
    let leaf = STANDARD.encode(own.root.issue(&Wanted {
        subject: DOCTOR.to_owned(),
        info: demo::sm2_info(&key(9).verifying_key().to_sec1_bytes()),
        serial: LEAF,
        valid: VALID,
        usage: usage::SIGNATURE,
        authority: None,
    }));
    assert_eq!(reason(register(town, &leaf, agency).await), "CRL_STALE", "there is none");
    own.take(&own.root, 1, &[]).await.unwrap();
    assert!(!register(town, &leaf, agency).await.unwrap().list_overdue);
    token(town, &key(9)).await.unwrap();
    town.world.clock.advance_seconds(8 * 86_400);
    assert_eq!(reason(token(town, &key(9)).await), "CRL_STALE");
    let own = Trusting { agency: town.token(PrincipalKind::Agency, "agency-qhd", "130300"), ..own };
    let future = own.now().plus_seconds(3_600);
    let early = STANDARD.encode(own.root.list(2, future, future.plus_days(7), &[]));
    assert_eq!(reason(import(&own, &early).await), "CRL_FROM_FUTURE");
    own.take(&own.root, 3, &[]).await.unwrap();
    token(&own.town, &key(9)).await.unwrap();
}

#[tokio::test]
async fn settings_that_trust_nobody_are_mistakes() {
    let check = |settings: serde_json::Value| {
        crate::check_settings(&Settings::new(settings.as_object().cloned().unwrap()))
    };
    assert_eq!(check(serde_json::json!({})), Ok(()), "the demo");
    assert!(check(serde_json::json!({ "authorities": ["/nowhere.pem"] })).is_err());
    let mistakes = check(serde_json::json!({ "authorities": [], "stale_revocation_lists": "maybe" }));
    assert!(mistakes.unwrap_err()[0].contains("must be warn or refuse"));
}

#[tokio::test]
async fn how_long_lists_last_is_measured() {
    let own = Trusting::new("warn").await;
    let gauges = crate::gauges::gauges(&own.town.app);
    let [gauge] = &gauges[..] else { panic!("one authority") };
    assert_eq!(gauge.read().await, Ok(0), "nobody has brought a list yet");
    own.take(&own.root, 1, &[]).await.unwrap();
    assert_eq!(gauge.read().await, Ok(7 * 86_400 - 60));
    own.town.world.clock.advance_seconds(7 * 86_400);
    assert_eq!(gauge.read().await, Ok(-60));
    assert!(
        crate::gauges::gauges(&Town::new().await.app).is_empty(),
        "nobody issues lists of the invented authority"
    );
}
