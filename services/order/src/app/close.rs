//! Unpaid orders close themselves.

use super::App;
use crate::domain::{State, cancel};
use crate::error::OrderError;
use crate::store::orders;

/// Orders of one step, each in a transaction of its own.
const BATCH: u64 = 16;

impl App {
    /// Closes orders whose time to pay is over and frees what they hold; answers how many.
    pub async fn close_unpaid_step(&self) -> Result<usize, OrderError> {
        let over = orders::unpaid(self.deps.db.read(), self.now(), self.closing.reach(BATCH)).await?;
        let mut closed = 0;
        for id in self.closing.pick(over, BATCH) {
            let done = self.closing.settle(&id, self.close_unpaid(&id).await)?;
            closed += usize::from(done == Some(true));
        }
        Ok(closed)
    }

    async fn close_unpaid(&self, id: &str) -> Result<bool, OrderError> {
        let now = self.now();
        let work = self.deps.db.begin_step().await?;
        let Some(mut order) = orders::find(work.tx(), &self.deps.cipher, id).await? else { return Ok(false) };
        let unpaid = matches!(order.state, State::Placing | State::Reserving | State::AwaitingPayment);
        if !unpaid || now < order.pay_by {
            return Ok(false);
        }
        let was = order.state;
        let change = cancel(&mut order, "UNPAID");
        self.save(&work, &mut order, was, &change, "").await?;
        work.done().await?;
        self.drive_quietly(id).await;
        Ok(true)
    }

    /// Drives steps nobody waits for; what fails is left to the worker.
    pub(super) async fn drive_quietly(&self, id: &str) {
        if let Err(error) = self.drive(id, "").await {
            tracing::info!(order = id, "steps are left to the worker: {error}");
        }
    }
}
