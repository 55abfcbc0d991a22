//! Signing certificates: good ones sign, revoked ones neither sign nor release.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_identity::demo;
use liufang_proto::identity::v1::certificate_service_client::CertificateServiceClient;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use liufang_proto::identity::v1::{
    Certificate, GetPractitionerRequest, ImportRevocationListRequest, RegisterCertificateRequest,
    RevocationReason, RevokeCertificateRequest,
};
use liufang_proto::prescription::v1::ClaimRequest;
use liufang_tests::{World, behaviour};
use sea_orm::ConnectionTrait as _;

use super::cast::*;

behaviour!(everywhere a_compromised_certificate_ends_what_it_signed);
behaviour!(everywhere an_authority_takes_a_certificate_back);
// deletes a row in the service's own database, which the shape of processes keeps to itself
behaviour!(without_a_certificate_nobody_signs);

/// The doctor's certificate, which the seed registered under the demo authority.
async fn own(cast: &Cast) -> Certificate {
    let body = GetPractitionerRequest { practitioner_code: DOCTOR.to_owned() };
    let agency = cast.agency(QINHUANGDAO);
    let answer = agency.session().read(body, |channel, request| async move {
        InstitutionServiceClient::new(channel).get_practitioner(request).await
    });
    answer.await.unwrap().practitioner.unwrap().certificates.remove(0)
}

/// A list of the demo authority that names the certificate.
fn list(cast: &Cast, number: u64, own: &Certificate, reason: u8) -> ImportRevocationListRequest {
    let now = cast.gateway.now();
    let serial = u64::from_str_radix(&own.serial, 16).unwrap();
    let der = demo::authority().list(number, now, now.plus_days(7), &[(serial, now, reason)]);
    ImportRevocationListRequest { list: STANDARD.encode(der) }
}

async fn a_compromised_certificate_ends_what_it_signed(world: &mut World) {
    let cast = Cast::of(world).await;
    let own = own(&cast).await;
    assert_eq!((own.algorithm.as_str(), own.problem), ("sm2", 0));
    let patient = cast.patient(1).await;
    // its key signs: visit, draft, both signatures, upload
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let item = cast.pos(SHOP).queued(&order.order_id).await.unwrap().expect("queued");
    let body = RevokeCertificateRequest {
        fingerprint: own.fingerprint,
        revoked_at_us: 0,
        reason: RevocationReason::KeyCompromise.into(),
    };
    let agency = cast.agency(QINHUANGDAO);
    let answer = agency.session().write(body, |channel, request| async move {
        CertificateServiceClient::new(channel).revoke_certificate(request).await
    });
    answer.await.unwrap();
    let refusal = refused_as(
        cast.pos(SHOP).claim(ClaimRequest { epc_token: item.epc_token }).await,
        "SIGNATURE_INVALID",
    );
    assert_eq!(refusal.meta("signature"), "doctor_certificate");
    let his = cast.his(HOSPITAL);
    let refusal = refused_as(cast.practitioner(DOCTOR).token(his.session()).await, "CERTIFICATE_INVALID");
    assert_eq!(refusal.meta("cause"), "revoked");
}

async fn an_authority_takes_a_certificate_back(world: &mut World) {
    let cast = Cast::of(world).await;
    let own = own(&cast).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let item = cast.pos(SHOP).queued(&order.order_id).await.unwrap().expect("queued");
    let operator = cast.operator();
    let taken = operator.import_revocation_list(list(&cast, 2, &own, 1)).await.unwrap();
    assert_eq!(taken.fingerprints, [own.fingerprint.as_str()], "it is one of ours");
    let refusal = refused_as(
        cast.pos(SHOP).claim(ClaimRequest { epc_token: item.epc_token }).await,
        "SIGNATURE_INVALID",
    );
    assert_eq!(refusal.meta("signature"), "doctor_certificate");
    let his = cast.his(HOSPITAL);
    refused_as(cast.practitioner(DOCTOR).token(his.session()).await, "CERTIFICATE_INVALID");
    let older = operator.import_revocation_list(list(&cast, 1, &own, 4)).await;
    assert_eq!(refused_as(older, "CRL_OLDER").meta("number"), "02");
    let forged = demo::Issuer::ed25519("Liufang Demo Signing Authority", &[1; 32]);
    let now = cast.gateway.now();
    let der = forged.list(3, now, now.plus_days(7), &[]);
    let body = ImportRevocationListRequest { list: STANDARD.encode(der) };
    assert_eq!(
        refused_as(operator.import_revocation_list(body).await, "CRL_UNTRUSTED").meta("cause"),
        "signature"
    );
    let stranger = RegisterCertificateRequest {
        practitioner_code: DOCTOR.to_owned(),
        certificate: STANDARD.encode(forged.self_signed(demo::VALID)),
        chain: Vec::new(),
    };
    // it signed itself, which makes nobody an authority
    let refusal = refused_as(operator.register_certificate(stranger).await, "CERTIFICATE_UNTRUSTED");
    assert_eq!(refusal.meta("cause"), "key_usage");
}

async fn without_a_certificate_nobody_signs(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, None)).await.unwrap();
    let item = cast.pos(SHOP).queued(&order.order_id).await.unwrap().expect("queued");
    // as if the doctor had never had one
    let database = world.database("identity").await;
    database
        .execute_unprepared(&format!("DELETE FROM certificate WHERE practitioner = '{DOCTOR}'"))
        .await
        .unwrap();
    database.close().await.unwrap();
    let his = cast.his(HOSPITAL);
    let refusal = refused_as(cast.practitioner(DOCTOR).token(his.session()).await, "CERTIFICATE_INVALID");
    assert_eq!(refusal.meta("cause"), "missing");
    let refusal = refused_as(
        cast.pos(SHOP).claim(ClaimRequest { epc_token: item.epc_token }).await,
        "SIGNATURE_INVALID",
    );
    assert_eq!(refusal.meta("signature"), "doctor_certificate", "nor is released what the key has signed");
}
