//! Erasing a person.

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call, CallMeta};
use serde::{Deserialize, Serialize};

use super::App;
use super::persons::reader_of;
use crate::domain::access_purpose::AccessPurpose;
use crate::domain::erasure::{Ground, needed_by};
use crate::domain::person::Insurance;
use crate::error::IdentityError;
use crate::store::{self, erasure::Erasure};
use crate::wire::needs;

/// Whom to erase, and why.
pub struct Erase {
    pub person_id: String,
    pub ground: Ground,
    pub case_no: String,
}

/// When the person was erased.
#[derive(Serialize, Deserialize)]
pub struct Erased {
    pub at: Timestamp,
}

impl App {
    /// Erases. Order of refusals: not found, another region's, needed here, needed by prescription, by order, by settlement. Whoever was
    /// erased before is answered with the first time.
    ///
    /// Other services are asked before anything is written. What begins there in the moment between is not noticed: it ends like
    /// everything of a person nobody knows any more.
    pub async fn erase_person(&self, call: Call<Erase>) -> Result<Erased, IdentityError> {
        if let Some(reply) = self.replayed(&call.meta).await? {
            return Ok(reply);
        }
        let Call { meta, body } = call;
        let db = self.deps.db.read();
        if let Some((at, region)) = store::erasure::find(db, &body.person_id).await? {
            return if super::serves(&meta.principal, &region) {
                self.answer(&meta, Erased { at }).await
            } else {
                Err(IdentityError::OutsideRegion)
            };
        }
        let insurances = self.erasable(db, &body, &meta).await?;
        if let Some(needed_by) = self.needed_here(db, &body.person_id, &insurances, meta.now).await? {
            return Err(IdentityError::PersonNeeded { needed_by });
        }
        if let Some(needed_by) = needs::needed_by(&self.deps.peers, &body.person_id).await? {
            return Err(IdentityError::PersonNeeded { needed_by });
        }
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        // insurance or a filing may have come since
        let insurances = self.erasable(work.tx(), &body, &meta).await?;
        if let Some(needed_by) = self.needed_here(work.tx(), &body.person_id, &insurances, meta.now).await? {
            return Err(IdentityError::PersonNeeded { needed_by });
        }
        let blind = store::person::certno_blind(work.tx(), &body.person_id).await?;
        let blind = blind.ok_or(IdentityError::PersonNotFound)?;
        let asked_by = reader_of(meta.principal.kind, &meta.principal.subject);
        let reading = self.reading(&asked_by, AccessPurpose::Erasure, meta.now);
        store::access::insert(work.tx(), &body.person_id, reading).await?;
        let erasure = Erasure {
            person_id: body.person_id,
            ground: body.ground,
            case_no: body.case_no,
            asked_by,
            region: meta.principal.region,
            at: meta.now,
        };
        store::erasure::erase(work.tx(), &blind, &erasure).await?;
        Ok(work.commit(Erased { at: meta.now }).await?)
    }

    /// What of this service still needs the person.
    async fn needed_here<C: store::Connection>(
        &self,
        connection: &C,
        person_id: &str,
        insurances: &[Insurance],
        now: Timestamp,
    ) -> Result<Option<&'static str>, IdentityError> {
        let filings = store::mutual_aid::of_person(connection, person_id).await?;
        let guardians = store::guardian::of_person(connection, &self.vault, person_id).await?;
        Ok(needed_by(insurances, &filings, &guardians, now.china_date()))
    }

    /// The insurance rows of a person whom the caller may speak of: an agency of one region of nobody who was insured elsewhere.
    async fn erasable<C: store::Connection>(
        &self,
        connection: &C,
        body: &Erase,
        meta: &CallMeta,
    ) -> Result<Vec<Insurance>, IdentityError> {
        let known = store::person::certno_blind(connection, &body.person_id).await?;
        known.ok_or(IdentityError::PersonNotFound)?;
        let insurances = store::person::insurances(connection, &body.person_id).await?;
        match insurances.iter().all(|own| self.is_of_caller(own, meta)) {
            true => Ok(insurances),
            false => Err(IdentityError::OutsideRegion),
        }
    }

    /// Keeps an answer that changes nothing under the call's key.
    async fn answer(&self, meta: &CallMeta, erased: Erased) -> Result<Erased, IdentityError> {
        match self.deps.db.begin(meta).await? {
            Begun::Replay(reply) => Ok(reply),
            Begun::Fresh(work) => Ok(work.commit(erased).await?),
        }
    }
}
