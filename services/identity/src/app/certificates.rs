//! Signing certificates of practitioners: registered and revoked by the agency.

use liufang_platform::{Begun, Call, CallMeta, Principal, Work};

use super::{App, serves};
use crate::domain::certificate::{Certificate, Revocation};
use crate::domain::practitioner::PractitionerKind;
use crate::error::IdentityError;
use crate::store;

/// A certificate to register, and the text it was read from.
pub struct Register {
    pub certificate: Certificate,
    pub text: String,
}

/// A certificate to revoke.
pub struct Revoke {
    pub fingerprint: String,
    pub revocation: Revocation,
}

impl App {
    /// Registers. Order of refusals: practitioner, region, a certificate of somebody else, a key of somebody else.
    pub async fn register_certificate(&self, call: Call<Register>) -> Result<Certificate, IdentityError> {
        let Call { meta, body } = call;
        let own = body.certificate;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        self.check_region(&work, &own.practitioner, &meta).await?;
        if let Some(known) = store::certificate::find(work.tx(), &own.fingerprint).await? {
            return match known.practitioner == own.practitioner {
                true => Ok(work.commit(known).await?),
                false => Err(IdentityError::CertificateTaken),
            };
        }
        let owner = store::certificate::owner_of_key(work.tx(), &own.signing_key).await?;
        if owner.is_some_and(|owner| owner != own.practitioner) {
            return Err(IdentityError::CertificateKeyTaken);
        }
        store::certificate::insert(work.tx(), &own, &body.text, meta.now).await?;
        Ok(work.commit(own).await?)
    }

    /// Revokes; the earlier of two revocations stays.
    pub async fn revoke_certificate(&self, call: Call<Revoke>) -> Result<Certificate, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let found = store::certificate::find(work.tx(), &body.fingerprint).await?;
        let mut own = found.ok_or(IdentityError::CertificateNotFound)?;
        self.check_region(&work, &own.practitioner, &meta).await?;
        own.revoke(body.revocation);
        store::certificate::save_revocation(work.tx(), &own).await?;
        Ok(work.commit(own).await?)
    }

    /// A caller bound to a region speaks of the people of its institutions, and of couriers.
    async fn check_region(&self, work: &Work, code: &str, meta: &CallMeta) -> Result<(), IdentityError> {
        let found = store::practitioner::find(work.tx(), &self.vault, code).await?;
        let own = found.ok_or(IdentityError::PractitionerNotFound)?;
        if bound(&meta.principal) && own.kind != PractitionerKind::Courier {
            let institution = store::institution::find(work.tx(), &own.fixmedins_code).await?;
            if !institution.is_some_and(|institution| serves(&meta.principal, &institution.region)) {
                return Err(IdentityError::OutsideRegion);
            }
        }
        Ok(())
    }
}

fn bound(principal: &Principal) -> bool {
    !principal.region.is_empty()
}
