//! Use cases: one async function per RPC. Each owns its unit of work.
//!
//! Other roles are asked before the work begins; what they answered is data for the decision inside. A repeated call is
//! recognised before anything else, so its answer does not depend on tokens that have expired since.

mod archive;
mod booking;
mod circulate;
mod claim;
mod consult;
mod counter;
mod deliver;
mod desk;
mod dispensing;
mod examine;
mod notify;
mod pharmacy_review;
mod prescribe;
mod read;
mod sign;
mod slots;
mod transition;
mod watch;
mod worker;

pub mod commands;
pub mod replies;

use liufang_kernel::region::{PrescriptionLimits, RegionPack};
use liufang_kernel::{Date, Timestamp};
use liufang_platform::{Begun, CallMeta, Deps};
use serde::de::DeserializeOwned;

use crate::domain::practitioner::Practitioner;
use crate::domain::refusal::Refusal;
use crate::domain::visit::Visit;
use crate::error::{Missing, PrescriptionError};
use crate::rpc::identity;
use crate::store;
use deliver::Hospitals;
use worker::Sweeps;

/// The use cases; cheap to clone.
#[derive(Clone)]
pub struct App {
    deps: Deps,
    sweeps: Sweeps,
    hospitals: Hospitals,
}

type Outcome<T> = Result<T, PrescriptionError>;

impl App {
    pub fn new(deps: Deps) -> App {
        App { sweeps: Sweeps::new(&deps.clock), hospitals: Hospitals::new(&deps.settings), deps }
    }

    /// The reply of the same call committed before, if any.
    async fn seen<R: DeserializeOwned>(&self, meta: &CallMeta) -> Outcome<Option<R>> {
        match self.deps.db.begin::<R>(meta).await? {
            Begun::Replay(reply) => Ok(Some(reply)),
            Begun::Fresh(work) => {
                work.cancel().await?;
                Ok(None)
            }
        }
    }

    /// The practitioner behind a token. Kind, institution and state are the domain's to check.
    async fn practitioner(&self, token: &str, now: Timestamp) -> Outcome<Practitioner> {
        let principal = self.deps.tokens.practitioner(token, now)?;
        let found = identity::practitioner(&self.deps.peers, &principal.subject).await?;
        found.ok_or_else(|| Refusal::PractitionerNotAllowed("UNKNOWN").into())
    }

    /// The doctor behind a token, checked to be an insured doctor of the hospital.
    async fn doctor(&self, token: &str, hospital: &str, now: Timestamp) -> Outcome<Practitioner> {
        let principal = self.deps.tokens.practitioner(token, now)?;
        let found = identity::practitioner(&self.deps.peers, &principal.subject).await?;
        let doctor = found.ok_or(Refusal::DoctorNotInsured("UNKNOWN"))?;
        crate::domain::practitioner::check_doctor(&doctor, hospital)?;
        Ok(doctor)
    }

    /// The region pack an institution belongs to.
    fn pack(&self, region: &str) -> Outcome<&RegionPack> {
        Ok(self.deps.regions.get(region).ok_or(Refusal::NotDesignated("REGION"))?)
    }

    /// A visit of the calling hospital.
    async fn hospital_visit(&self, visit_id: &str, hospital: &str) -> Outcome<Visit> {
        let visit = store::visit::get(self.deps.db.read(), &self.deps.cipher, visit_id).await?;
        visit.filter(|visit| visit.hospital == hospital).ok_or(PrescriptionError::Missing(Missing::Visit))
    }
}

fn limits(pack: &RegionPack, date: Date) -> Outcome<&PrescriptionLimits> {
    Ok(pack.prescription_limits(date).ok_or(Refusal::NotDesignated("REGION"))?)
}
