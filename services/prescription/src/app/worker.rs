//! What time does: unpaid visits end, prescriptions expire, unreviewed claims lapse.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;

use super::transition::no_edit;
use super::{App, Outcome};
use crate::domain::operation::Operation;
use crate::domain::visit::VisitOperation;
use crate::error::PrescriptionError;
use crate::store::{self, prescription::Record};

/// Rows handled by one step, each in a transaction of its own: a step never holds the writer long.
const BATCH: u64 = 50;

impl App {
    /// Cancels visits that were not paid in time and frees their slots; answers how many.
    pub async fn time_out_visits(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let due = store::visit::overdue(self.deps.db.read(), &self.deps.cipher, now, BATCH).await?;
        let count = due.len();
        for visit in due {
            let work = self.deps.db.begin_step().await?;
            match self.move_visit(&work, visit, &VisitOperation::TimeOut, now).await {
                Ok(_) => work.done().await?,
                // paid or cancelled meanwhile: the next step does not find it any more
                Err(PrescriptionError::Db(DbFault::LostRace)) => work.cancel().await?,
                Err(fault) => return Err(fault),
            }
        }
        Ok(count)
    }

    /// Marks prescriptions whose validity has ended and releases those a pharmacy has; answers how many.
    pub async fn expire_prescriptions(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let due = store::prescription::overdue(self.deps.db.read(), now, BATCH).await?;
        self.end_all(&due, &Operation::Expire, now).await
    }

    /// Takes claims back that were not reviewed in the region's time; answers how many.
    pub async fn lapse_claims(&self) -> Outcome<usize> {
        let now = self.deps.clock.now();
        let due = store::prescription::lapsed(self.deps.db.read(), now, BATCH).await?;
        self.end_all(&due, &Operation::LapseClaim, now).await
    }

    async fn end_all(&self, due: &[String], operation: &Operation, now: Timestamp) -> Outcome<usize> {
        for hi_rxno in due {
            let work = self.deps.db.begin_step().await?;
            self.step(&work, hi_rxno, now, |_: &Record| Ok(operation.clone()), no_edit).await?;
            work.done().await?;
        }
        Ok(due.len())
    }
}
