//! Practitioners on the wire.

use liufang_kernel::Violations;
use liufang_platform::CallMeta;
use liufang_proto::identity::v1 as pb;

use super::Row;
use crate::app::practitioners::{Certified, Found, OfInstitution};
use crate::credential::is_sm2_key;
use crate::domain::day;
use crate::domain::practitioner::{Practitioner, PractitionerKind};

pub fn import(
    request: pb::ImportPractitionersRequest,
    meta: &CallMeta,
) -> Result<Vec<Row<Practitioner>>, Violations> {
    super::rows(request.rows, |row| practitioner(row, meta))
}

fn practitioner(row: pb::Practitioner, meta: &CallMeta) -> Row<Practitioner> {
    let mut violations = Violations::new();
    let kind = PractitionerKind::from_code(row.kind);
    violations.check(kind.is_some(), "kind", "must be DOCTOR, a pharmacist kind or COURIER");
    let courier = kind == Some(PractitionerKind::Courier);
    let fits = kind.is_none_or(|kind| kind.fits(&row.practitioner_code));
    violations.check(fits, "practitioner_code", "must have the shape of its kind");
    let name = violations.text("name", &row.name, 50);
    let fixmedins_code = row.fixmedins_code.trim().to_owned();
    let placed = courier == fixmedins_code.is_empty();
    violations.check(placed, "fixmedins_code", "must name the institution; empty for couriers");
    let title_code = violations.optional_text("title_code", &row.title_code, 10);
    let dept = violations.optional_text("dept", &row.dept, 100);
    let keyed = if row.signing_key.is_empty() { courier } else { is_sm2_key(&row.signing_key) };
    violations.check(keyed, "signing_key", "must be an SM2 public key: Base64 of 65 bytes 04||x||y");
    let practice_from = super::optional_date(&mut violations, "practice_from", &row.practice_from).flatten();
    let past = practice_from.is_none_or(|from| from <= meta.now.china_date());
    violations.check(past, "practice_from", "must not lie in the future");
    let own = kind.map(|kind| Practitioner {
        code: row.practitioner_code,
        kind,
        name,
        fixmedins_code,
        title_code,
        dept,
        signing_key: row.signing_key,
        active: row.active,
        practice_from,
    });
    violations.finish(own)
}

pub fn get(request: pb::GetPractitionerRequest, _: &CallMeta) -> Result<String, Violations> {
    super::id("practitioner_code", &request.practitioner_code)
}

pub fn list(request: pb::ListPractitionersRequest, _: &CallMeta) -> Result<OfInstitution, Violations> {
    let mut violations = Violations::new();
    let fixmedins_code = violations.text("fixmedins_code", &request.fixmedins_code, 12);
    let kind = PractitionerKind::from_code(request.kind);
    violations.check(kind.is_some() || request.kind == 0, "kind", "must be a known kind or unspecified");
    violations.finish(Some(OfInstitution { fixmedins_code, kind }))
}

impl From<Practitioner> for pb::Practitioner {
    fn from(own: Practitioner) -> pb::Practitioner {
        pb::Practitioner {
            practitioner_code: own.code,
            kind: own.kind.code(),
            name: own.name,
            fixmedins_code: own.fixmedins_code,
            title_code: own.title_code,
            dept: own.dept,
            signing_key: own.signing_key,
            active: own.active,
            certificates: Vec::new(),
            practice_from: day::text(own.practice_from),
            certificate_needed: false,
        }
    }
}

impl From<Certified> for pb::GetPractitionerResponse {
    fn from(own: Certified) -> pb::GetPractitionerResponse {
        let certificates = own.certificates.into_iter().map(Into::into).collect();
        let certificate_needed = own.certificate_needed;
        let practitioner = pb::Practitioner { certificates, certificate_needed, ..own.practitioner.into() };
        pb::GetPractitionerResponse { practitioner: Some(practitioner) }
    }
}

impl From<Found> for pb::ListPractitionersResponse {
    fn from(own: Found) -> pb::ListPractitionersResponse {
        pb::ListPractitionersResponse { practitioners: own.0.into_iter().map(Into::into).collect() }
    }
}
