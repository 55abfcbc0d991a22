//! Signing certificates of practitioners: registered and revoked by the agency.

use liufang_platform::{Begun, Call, CallMeta, Principal, Work};

use super::{App, serves};
use crate::domain::authority::Problem;
use crate::domain::certificate::{Certificate, Invalid, Revocation};
use crate::domain::practitioner::PractitionerKind;
use crate::error::IdentityError;
use crate::store;
use crate::store::certificate::Registered;

/// A certificate to revoke.
pub struct Revoke {
    pub fingerprint: String,
    pub revocation: Revocation,
}

impl App {
    /// Registers; again, with the authorities between that come this time. Order of refusals: practitioner, region, a certificate of somebody else, a key of somebody else, nobody who
    /// is trusted vouches for it, revoked by its authority, revocations not known.
    pub async fn register_certificate(&self, call: Call<Registered>) -> Result<Certificate, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let own = &body.own;
        self.check_region(&work, &own.practitioner, &meta).await?;
        if let Some(mut known) = store::certificate::find(work.tx(), &own.fingerprint).await? {
            if known.own.practitioner != own.practitioner {
                return Err(IdentityError::CertificateTaken);
            }
            if !body.chain.is_empty() && body.chain != known.chain {
                self.paths(&body).map_err(|broken| IdentityError::CertificateUntrusted(broken.word()))?;
                store::certificate::save_chain(work.tx(), &own.fingerprint, &body.chain).await?;
                known.chain = body.chain;
            }
            let known = self.stood(&work, known, &meta).await?;
            return Ok(work.commit(known).await?);
        }
        let owner = store::certificate::owner_of_key(work.tx(), &own.signing_key).await?;
        if owner.is_some_and(|owner| owner != own.practitioner) {
            return Err(IdentityError::CertificateKeyTaken);
        }
        self.paths(&body).map_err(|broken| IdentityError::CertificateUntrusted(broken.word()))?;
        store::certificate::insert(work.tx(), &body, meta.now).await?;
        let own = self.stood(&work, body, &meta).await?;
        match own.standing.problem {
            Some(Problem::Untrusted) => return Err(IdentityError::CertificateUntrusted("authority_revoked")),
            Some(Problem::AuthorityExpired) => {
                return Err(IdentityError::CertificateUntrusted(Invalid::AuthorityExpired.word()));
            }
            _ if own.revocation.is_some() => return Err(IdentityError::CertificateRevoked),
            Some(Problem::RevocationsUnknown) => return Err(IdentityError::RevocationsUnknown),
            None => {}
        }
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
        let mut registered = found.ok_or(IdentityError::CertificateNotFound)?;
        self.check_region(&work, &registered.own.practitioner, &meta).await?;
        registered.own.revoke(body.revocation);
        store::certificate::save_revocation(work.tx(), &registered.own).await?;
        let own = self.stood(&work, registered, &meta).await?;
        Ok(work.commit(own).await?)
    }

    async fn stood(
        &self,
        work: &Work,
        own: Registered,
        meta: &CallMeta,
    ) -> Result<Certificate, IdentityError> {
        let mut all = self.stand(work.tx(), vec![own], meta.now).await?;
        all.pop().ok_or(IdentityError::CertificateNotFound)
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
