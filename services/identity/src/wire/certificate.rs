//! Certificates on the wire.

use liufang_kernel::{Timestamp, Violations};
use liufang_platform::CallMeta;
use liufang_proto::identity::v1 as pb;

use crate::app::certificates::{Register, Revoke};
use crate::certificate;
use crate::domain::certificate::{Certificate, Revocation, RevocationReason};

pub fn register(request: pb::RegisterCertificateRequest, _: &CallMeta) -> Result<Register, Violations> {
    let mut violations = Violations::new();
    let code = violations.text("practitioner_code", &request.practitioner_code, 50);
    let text = violations.text("certificate", &request.certificate, 8192);
    let read = match certificate::read(&text, &code) {
        Ok(read) => Some(read),
        Err(problem) => {
            violations.check(false, "certificate", problem);
            None
        }
    };
    violations.finish(read.map(|certificate| Register { certificate, text }))
}

pub fn revoke(request: pb::RevokeCertificateRequest, meta: &CallMeta) -> Result<Revoke, Violations> {
    let mut violations = Violations::new();
    let fingerprint = violations.text("fingerprint", &request.fingerprint, 64);
    let at = if request.revoked_at_us == 0 { meta.now } else { Timestamp(request.revoked_at_us) };
    violations.check(0 < at.0 && at <= meta.now, "revoked_at_us", "must be 0 or a moment in the past");
    let reason = RevocationReason::from_code(request.reason);
    violations.check(reason.is_some(), "reason", "must be KEY_COMPROMISE, SUPERSEDED or CESSATION");
    violations.finish(reason.map(|reason| Revoke { fingerprint, revocation: Revocation { at, reason } }))
}

impl From<Certificate> for pb::Certificate {
    fn from(own: Certificate) -> pb::Certificate {
        pb::Certificate {
            fingerprint: own.fingerprint,
            serial: own.serial,
            issuer: own.issuer,
            algorithm: own.algorithm,
            signing_key: own.signing_key,
            not_before_us: own.not_before.0,
            not_after_us: own.not_after.0,
            revoked_at_us: own.revocation.map_or(0, |revocation| revocation.at.0),
            revocation_reason: own.revocation.map_or(0, |revocation| revocation.reason.code()),
        }
    }
}

impl From<Certificate> for pb::RegisterCertificateResponse {
    fn from(own: Certificate) -> pb::RegisterCertificateResponse {
        pb::RegisterCertificateResponse { certificate: Some(own.into()) }
    }
}

impl From<Certificate> for pb::RevokeCertificateResponse {
    fn from(own: Certificate) -> pb::RevokeCertificateResponse {
        pb::RevokeCertificateResponse { certificate: Some(own.into()) }
    }
}
