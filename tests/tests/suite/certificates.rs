//! Signing certificates: good ones sign, revoked ones neither sign nor release.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_proto::identity::v1::certificate_service_client::CertificateServiceClient;
use liufang_proto::identity::v1::{
    Certificate, RegisterCertificateRequest, RevocationReason, RevokeCertificateRequest,
};
use liufang_proto::prescription::v1::ClaimRequest;
use liufang_tests::{World, behaviour};

use super::cast::*;

behaviour!(everywhere a_compromised_certificate_ends_what_it_signed);

/// A certificate made with OpenSSL, with the doctor's own key in it, good from 2020 to 2049.
fn certificate(cast: &Cast) -> String {
    let mut der = STANDARD.decode(include_str!("sm2_certificate.b64")).unwrap();
    let times: Vec<usize> = (0..der.len() - 1).filter(|at| der[*at..*at + 2] == [0x17, 13]).collect();
    for (at, year) in times.iter().zip([b"20", b"49"]) {
        der[at + 2..at + 4].copy_from_slice(year);
    }
    let point = (0..der.len()).find(|at| der[*at..].starts_with(&[0x03, 0x42, 0x00, 0x04])).unwrap() + 3;
    let key = STANDARD.decode(cast.practitioner(DOCTOR).public_key()).unwrap();
    der[point..point + 65].copy_from_slice(&key);
    STANDARD.encode(der)
}

async fn register(cast: &Cast) -> Certificate {
    let body =
        RegisterCertificateRequest { practitioner_code: DOCTOR.to_owned(), certificate: certificate(cast) };
    let agency = cast.agency(QINHUANGDAO);
    let answer = agency.session().write(body, |channel, request| async move {
        CertificateServiceClient::new(channel).register_certificate(request).await
    });
    answer.await.unwrap().certificate.unwrap()
}

async fn a_compromised_certificate_ends_what_it_signed(world: &mut World) {
    let cast = Cast::of(world).await;
    let own = register(&cast).await;
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
