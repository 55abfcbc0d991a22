//! Certificates and revocation lists on the wire.

use liufang_kernel::{Timestamp, Violations};
use liufang_platform::CallMeta;
use liufang_proto::common::v1 as common;
use liufang_proto::identity::v1 as pb;

use crate::app::authorities::{AllKnown, Known, TakenList};
use crate::app::certificates::Revoke;
use crate::certificate;
use crate::domain::certificate::{Certificate, Revocation, RevocationReason};
use crate::reasons;
use crate::store::certificate::Registered;
use crate::x509;
use crate::x509::list::List;

/// Authorities that may come with a certificate.
const CHAIN: usize = 5;
/// Characters of a list: more does not fit through the gateway.
const LIST: usize = 3_500_000;

pub fn register(request: pb::RegisterCertificateRequest, _: &CallMeta) -> Result<Registered, Violations> {
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
    violations.check(request.chain.len() <= CHAIN, "chain", "must have at most 5 certificates");
    let chain: Vec<String> = request.chain.iter().take(CHAIN).map(|text| bare(text)).collect();
    for text in &chain {
        violations.check(text.len() <= 8192, "chain", "must have at most 8192 characters each");
        if let Err(problem) = certificate::authority(text) {
            violations.check(false, "chain", problem);
        }
    }
    violations.finish(read.map(|own| Registered { own, text, chain }))
}

/// Base64 without the spaces and lines somebody put into it.
fn bare(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("-----")).flat_map(str::split_whitespace).collect()
}

pub fn import_list(request: pb::ImportRevocationListRequest, _: &CallMeta) -> Result<List, Violations> {
    let mut violations = Violations::new();
    let fits = request.list.len() <= LIST;
    violations.check(fits, "list", "must have at most 3500000 characters");
    let der = if fits { x509::decode(&request.list) } else { None };
    let read = der.ok_or("must be DER in Base64, or PEM").and_then(|der| List::read(&der));
    match read {
        Ok(list) => violations.finish(Some(list)),
        Err(problem) => {
            violations.check(!fits, "list", problem);
            violations.finish(None)
        }
    }
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
            problem: own.standing.problem.map_or(0, |problem| problem.code()),
            list_overdue: own.standing.unsure,
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

impl From<TakenList> for pb::ImportRevocationListResponse {
    fn from(own: TakenList) -> pb::ImportRevocationListResponse {
        let errors = own.odd.into_iter().map(|(row, message)| common::RowError {
            row,
            reason: reasons::CRL_ROW_ODD.reason.to_string(),
            message,
        });
        pb::ImportRevocationListResponse {
            list: Some(pb::RevocationList {
                issuer: own.issuer,
                number: own.number,
                this_update_us: own.this_update.0,
                next_update_us: own.next_update.0,
                state: own.state.code(),
            }),
            rows: i32::try_from(own.rows).unwrap_or(i32::MAX),
            new_rows: i32::try_from(own.new_rows).unwrap_or(i32::MAX),
            errors: errors.collect(),
            fingerprints: own.revoked,
        }
    }
}

impl From<AllKnown> for pb::ListAuthoritiesResponse {
    fn from(own: AllKnown) -> pb::ListAuthoritiesResponse {
        let authorities = own.authorities.into_iter().map(authority).collect();
        pb::ListAuthoritiesResponse { authorities, unchecked: own.unchecked }
    }
}

fn authority(own: Known) -> pb::Authority {
    let list = own.list.as_ref();
    pb::Authority {
        name: own.name,
        fingerprint: own.fingerprint,
        root: own.root,
        not_before_us: own.not_before.0,
        not_after_us: own.not_after.0,
        list: Some(pb::RevocationList {
            issuer: list.map(|list| list.issuer_text.clone()).unwrap_or_default(),
            number: list.map(|list| list.number.clone()).unwrap_or_default(),
            this_update_us: list.map_or(0, |list| list.this_update.0),
            next_update_us: list.map_or(0, |list| list.next_update.0),
            state: own.state.code(),
        }),
    }
}
