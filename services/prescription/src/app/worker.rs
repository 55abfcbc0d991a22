//! What time does: unpaid visits end, prescriptions expire, unreviewed claims lapse.

use liufang_kernel::Timestamp;
use liufang_platform::{SharedClock, Sweep};

use super::transition::no_edit;
use super::{App, Outcome};
use crate::domain::operation::Operation;
use crate::domain::visit::VisitOperation;
use crate::error::{Missing, PrescriptionError};
use crate::store::{self, prescription::Record};

/// Rows handled by one step, each in a transaction of its own: a step never holds the writer long.
const BATCH: u64 = 50;

/// Rows of each worker that could not be ended.
#[derive(Clone)]
pub(super) struct Sweeps {
    visits: Sweep,
    prescriptions: Sweep,
    claims: Sweep,
    pub(super) archive: Sweep,
}

impl Sweeps {
    pub fn new(clock: &SharedClock) -> Sweeps {
        Sweeps {
            visits: Sweep::new("unpaid visit cannot be ended", clock.clone()),
            prescriptions: Sweep::new("prescription cannot be ended", clock.clone()),
            archive: Sweep::new("row kept long enough cannot be archived", clock.clone()),
            claims: Sweep::new("claim cannot be taken back", clock.clone()),
        }
    }
}

impl App {
    /// Cancels visits that were not paid in time and frees their slots; answers how many.
    pub async fn time_out_visits(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let sweep = &self.sweeps.visits;
        let due = store::visit::overdue(self.deps.db.read(), now, sweep.reach(BATCH)).await?;
        let mut ended = 0;
        for visit_id in sweep.pick(due, BATCH) {
            let out = sweep.settle(&visit_id, self.time_out(&visit_id, now).await)?;
            ended += usize::from(out.is_some());
        }
        Ok(ended)
    }

    async fn time_out(&self, visit_id: &str, now: Timestamp) -> Outcome<()> {
        let work = self.deps.db.begin_step().await?;
        let found = store::visit::get(work.tx(), &self.deps.cipher, visit_id).await?;
        let visit = found.ok_or(PrescriptionError::Missing(Missing::Visit))?;
        self.move_visit(&work, visit, &VisitOperation::TimeOut, now).await?;
        Ok(work.done().await?)
    }

    /// Marks prescriptions whose validity has ended and releases those a pharmacy has; answers how many.
    pub async fn expire_prescriptions(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let sweep = &self.sweeps.prescriptions;
        let due = store::prescription::overdue(self.deps.db.read(), now, sweep.reach(BATCH)).await?;
        self.end_all(sweep, due, &Operation::Expire, now).await
    }

    /// Takes claims back that were not reviewed in the region's time; answers how many.
    pub async fn lapse_claims(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let sweep = &self.sweeps.claims;
        let due = store::prescription::lapsed(self.deps.db.read(), now, sweep.reach(BATCH)).await?;
        self.end_all(sweep, due, &Operation::LapseClaim, now).await
    }

    async fn end_all(
        &self,
        sweep: &Sweep,
        due: Vec<String>,
        operation: &Operation,
        now: Timestamp,
    ) -> Outcome<usize> {
        let mut ended = 0;
        for hi_rxno in sweep.pick(due, BATCH) {
            let out = sweep.settle(&hi_rxno, self.end(&hi_rxno, operation, now).await)?;
            ended += usize::from(out.is_some());
        }
        Ok(ended)
    }

    async fn end(&self, hi_rxno: &str, operation: &Operation, now: Timestamp) -> Outcome<()> {
        let work = self.deps.db.begin_step().await?;
        self.step(&work, hi_rxno, now, |_: &Record| Ok(operation.clone()), no_edit).await?;
        Ok(work.done().await?)
    }
}
