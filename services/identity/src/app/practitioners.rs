//! Practitioners: import, one, and those of an institution.

use liufang_platform::rpc::Invalid;
use liufang_platform::{Begun, Call, CallMeta, PrincipalKind, Work};

use super::{App, Imported, RowProblem, serves};
use crate::domain::certificate::Certificate;
use crate::domain::practitioner::{Practitioner, PractitionerKind};
use crate::error::IdentityError;
use crate::wire::Row;
use crate::{reasons, store};

/// Practitioners of an institution.
pub struct OfInstitution {
    pub fixmedins_code: String,
    pub kind: Option<PractitionerKind>,
}

/// A practitioner and all certificates that were ever registered.
pub struct Certified {
    pub practitioner: Practitioner,
    pub certificates: Vec<Certificate>,
    /// The registered key signs nothing.
    pub certificate_needed: bool,
}

/// Found practitioners, by code.
pub struct Found(pub Vec<Practitioner>);

impl App {
    /// Imports row by row; a row replaces the practitioner.
    pub async fn import_practitioners(
        &self,
        call: Call<Vec<Row<Practitioner>>>,
    ) -> Result<Imported, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let mut imported = Imported::default();
        for (row, index) in body.into_iter().zip(0_i32..) {
            match row {
                Err(violations) => {
                    imported.errors.push(RowProblem::new(index, Invalid::reason(), violations.to_string()));
                }
                Ok(own) => imported.errors.extend(self.import_practitioner(&work, &own, index, &meta).await?),
            }
        }
        Ok(work.commit(imported).await?)
    }

    async fn import_practitioner(
        &self,
        work: &Work,
        own: &Practitioner,
        index: i32,
        meta: &CallMeta,
    ) -> Result<Option<RowProblem>, IdentityError> {
        if own.kind != PractitionerKind::Courier {
            let institution = store::institution::find(work.tx(), &own.fixmedins_code).await?;
            let Some(institution) = institution else {
                let message = "fixmedins_code: no such institution";
                return Ok(Some(RowProblem::new(index, &reasons::INSTITUTION_NOT_FOUND, message)));
            };
            if !serves(&meta.principal, &institution.region) {
                let message = "fixmedins_code: not of the caller's region";
                return Ok(Some(RowProblem::new(index, &reasons::OUTSIDE_REGION, message)));
            }
        }
        if !self.may_replace(work, own, meta).await? {
            let message = "practitioner_code: belongs to somebody outside the caller's region";
            return Ok(Some(RowProblem::new(index, &reasons::OUTSIDE_REGION, message)));
        }
        store::practitioner::upsert(work.tx(), &self.vault, own).await?;
        Ok(None)
    }

    /// A caller bound to a region neither takes over another region's people nor turns couriers into them: a row carries
    /// the signing key.
    async fn may_replace(
        &self,
        work: &Work,
        own: &Practitioner,
        meta: &CallMeta,
    ) -> Result<bool, IdentityError> {
        if meta.principal.region.is_empty() {
            return Ok(true);
        }
        let known = store::practitioner::find(work.tx(), &self.vault, &own.code).await?;
        let Some(known) = known else { return Ok(true) };
        if known.kind == PractitionerKind::Courier {
            return Ok(own.kind == PractitionerKind::Courier);
        }
        let institution = store::institution::find(work.tx(), &known.fixmedins_code).await?;
        Ok(institution.is_none_or(|institution| serves(&meta.principal, &institution.region)))
    }

    /// One practitioner with all their certificates.
    pub async fn get_practitioner(&self, call: Call<String>) -> Result<Certified, IdentityError> {
        let db = self.deps.db.read();
        let found = store::practitioner::find(db, &self.vault, &call.body).await?;
        let practitioner = found.ok_or(IdentityError::PractitionerNotFound)?;
        let certificates = store::certificate::of_practitioner(db, &practitioner.code).await?;
        let certificates = self.stand(db, certificates, call.meta.now).await?;
        let certificate_needed = self.needs_certificate(&practitioner);
        Ok(Certified { practitioner, certificates, certificate_needed })
    }

    /// Whether only certificates' keys sign for a practitioner: where authorities are trusted, for all who sign prescriptions. A
    /// courier's key opens their own app.
    pub(super) fn needs_certificate(&self, own: &Practitioner) -> bool {
        self.authorities.vouch_for_all() && own.kind != PractitionerKind::Courier
    }

    /// Practitioners of an institution. Patients and platforms see active doctors only.
    pub async fn list_practitioners(&self, call: Call<OfInstitution>) -> Result<Found, IdentityError> {
        let Call { meta, body } = call;
        let patient_view = matches!(
            meta.principal.kind,
            PrincipalKind::Anonymous | PrincipalKind::Patient | PrincipalKind::Platform
        );
        let db = self.deps.db.read();
        let mut found = store::practitioner::of_institution(db, &self.vault, &body.fixmedins_code).await?;
        found.retain(|own| {
            let shown = !patient_view || (own.active && own.kind == PractitionerKind::Doctor);
            shown && body.kind.is_none_or(|kind| kind == own.kind)
        });
        Ok(Found(found))
    }
}
