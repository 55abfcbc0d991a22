//! Guardians on the wire.

use liufang_kernel::{Sensitive, Violations};
use liufang_platform::CallMeta;
use liufang_proto::identity::v1 as pb;

use super::page::{self, Page};
use super::{Row, date_or_today, document, optional_date};
use crate::app::acting::Acting;
use crate::app::guardians::{Decide, File, Filing, Filings, GuardianRow, GuardianView, Guardians};
use crate::app::sign_in::SignedIn;
use crate::app::{Done, Imported};
use crate::domain::guardian::{Evidence, GuardianRelation};

pub fn import(
    request: pb::ImportGuardiansRequest,
    meta: &CallMeta,
) -> Result<Vec<Row<GuardianRow>>, Violations> {
    super::rows(request.rows, |row| guardian_row(row, meta))
}

fn guardian_row(row: pb::GuardianRow, meta: &CallMeta) -> Row<GuardianRow> {
    let mut violations = Violations::new();
    let fields = ("guardian_cert_type", "guardian_certno");
    let guardian = document(&mut violations, fields, &row.guardian_cert_type, &row.guardian_certno, meta);
    let fields = ("child_cert_type", "child_certno");
    let child = document(&mut violations, fields, &row.child_cert_type, &row.child_certno, meta);
    let relation = relation(&mut violations, row.relation);
    let begin = date_or_today(&mut violations, "begin_date", &row.begin_date, meta.now);
    let end = optional_date(&mut violations, "end_date", &row.end_date);
    let ordered = begin.zip(end.flatten()).is_none_or(|(begin, end)| begin <= end);
    violations.check(ordered, "end_date", "must not lie before begin_date");
    let people = guardian.zip(child).zip(relation).zip(begin.zip(end));
    let row = people.map(|(((guardian, child), relation), (begin, end))| GuardianRow {
        guardian,
        child,
        relation,
        begin,
        end,
    });
    violations.finish(row)
}

fn relation(violations: &mut Violations, code: i32) -> Option<GuardianRelation> {
    let relation = GuardianRelation::from_code(code);
    violations.check(relation.is_some(), "relation", "must be PARENT, GRANDPARENT, SIBLING or DESIGNATED");
    relation
}

pub fn file(request: pb::FileGuardianRequest, meta: &CallMeta) -> Result<File, Violations> {
    let mut violations = Violations::new();
    let child_name = Sensitive::new(violations.text("child_name", &request.child_name, 50));
    let fields = ("child_cert_type", "child_certno");
    let child = document(&mut violations, fields, &request.child_cert_type, &request.child_certno, meta);
    let relation = relation(&mut violations, request.relation);
    let evidence = Evidence::from_code(request.evidence);
    violations.check(evidence.is_some(), "evidence", "must say what shows the relation");
    let evidence_no = Sensitive::new(violations.text("evidence_no", &request.evidence_no, 64));
    let verification_id = violations.text("verification_id", &request.verification_id, 128);
    let file = child.zip(relation).zip(evidence).map(|((child, relation), evidence)| File {
        child_name,
        child,
        relation,
        evidence,
        evidence_no,
        verification_id,
    });
    violations.finish(file)
}

pub fn filings(request: pb::ListGuardianFilingsRequest, _: &CallMeta) -> Result<Page, Violations> {
    let mut violations = Violations::new();
    let page = page::read(&mut violations, request.page);
    violations.finish(Some(page))
}

pub fn decide(request: pb::DecideGuardianRequest, _: &CallMeta) -> Result<Decide, Violations> {
    let guardianship_id = super::id("guardianship_id", &request.guardianship_id)?;
    Ok(Decide { guardianship_id, confirmed: request.confirmed })
}

pub fn end(request: pb::EndGuardianRequest, _: &CallMeta) -> Result<String, Violations> {
    super::id("guardianship_id", &request.guardianship_id)
}

pub fn list(_: pb::ListGuardiansRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn act(request: pb::ActForChildRequest, _: &CallMeta) -> Result<String, Violations> {
    super::id("guardianship_id", &request.guardianship_id)
}

pub fn check(request: pb::CheckActingRequest, _: &CallMeta) -> Result<Acting, Violations> {
    let mut violations = Violations::new();
    let guardian_person_id = violations.text("guardian_person_id", &request.guardian_person_id, 64);
    let child_person_id = violations.text("child_person_id", &request.child_person_id, 64);
    let method = violations.text("method", &request.method, 128);
    violations.finish(Some(Acting { guardian_person_id, child_person_id, method }))
}

impl From<GuardianView> for pb::Guardianship {
    fn from(own: GuardianView) -> pb::Guardianship {
        pb::Guardianship {
            guardianship_id: own.guardianship_id,
            guardian_person_id: own.guardian_person_id,
            child_person_id: own.child_person_id,
            relation: own.relation.code(),
            state: own.state.code(),
            begin_date: own.begin,
            end_date: own.end,
            region: own.region,
            guardian_name_masked: own.guardian_name,
            child_name_masked: own.child_name,
            evidence: own.evidence.map_or(0, Evidence::code),
        }
    }
}

impl From<Filing> for pb::GuardianFiling {
    fn from(own: Filing) -> pb::GuardianFiling {
        pb::GuardianFiling {
            guardianship: Some(own.view.into()),
            evidence_no: own.evidence_no.into_inner(),
            filed_at_us: own.filed_at.0,
        }
    }
}

impl From<Filings> for pb::ListGuardianFilingsResponse {
    fn from(own: Filings) -> pb::ListGuardianFilingsResponse {
        let filings = own.filings.into_iter().map(Into::into).collect();
        pb::ListGuardianFilingsResponse { filings, next_page_token: page::token(own.next.as_deref()) }
    }
}

impl From<Guardians> for pb::ListGuardiansResponse {
    fn from(own: Guardians) -> pb::ListGuardiansResponse {
        pb::ListGuardiansResponse { guardianships: own.0.into_iter().map(Into::into).collect() }
    }
}

impl From<Imported> for pb::ImportGuardiansResponse {
    fn from(own: Imported) -> pb::ImportGuardiansResponse {
        let errors = own.errors.into_iter().map(Into::into).collect();
        pb::ImportGuardiansResponse { guardianship_ids: own.ids, errors }
    }
}

impl From<SignedIn> for pb::ActForChildResponse {
    fn from(own: SignedIn) -> pb::ActForChildResponse {
        pb::ActForChildResponse { person_id: own.person_id, tokens: Some(own.tokens.into()) }
    }
}

impl From<Done> for pb::CheckActingResponse {
    fn from(_: Done) -> pb::CheckActingResponse {
        pb::CheckActingResponse {}
    }
}

macro_rules! answers {
    ($($response:ident),*) => {$(
        impl From<GuardianView> for pb::$response {
            fn from(own: GuardianView) -> pb::$response {
                pb::$response { guardianship: Some(own.into()) }
            }
        }
    )*};
}
answers!(FileGuardianResponse, DecideGuardianResponse, EndGuardianResponse);
