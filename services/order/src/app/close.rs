//! Unpaid orders close themselves.

use super::App;
use crate::domain::{State, cancel};
use crate::error::OrderError;
use crate::store::orders;

impl App {
    /// Closes orders whose time to pay is over and frees what they hold; answers how many.
    pub async fn close_unpaid_step(&self) -> Result<usize, OrderError> {
        let over = orders::unpaid(self.deps.db.read(), self.now(), 16).await?;
        let mut closed = 0;
        for id in over {
            match self.close_unpaid(&id).await {
                Ok(true) => closed += 1,
                Ok(false) => {}
                // paying and closing met, the other one won
                Err(error) if error.is_race() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(closed)
    }

    /// A new nomination took the prescription from an order that still waited for its pharmacy: that order ends.
    pub(super) async fn close_replaced(&self, hi_rxno: &str, by: &str) -> Result<(), OrderError> {
        for id in orders::waiting_with(self.deps.db.read(), hi_rxno, by).await? {
            let work = self.deps.db.begin_step().await?;
            let found = orders::find(work.tx(), &self.deps.cipher, &id).await?;
            let Some(mut order) = found.filter(|order| order.state == State::AwaitingPharmacy) else {
                continue;
            };
            let was = order.state;
            let change = cancel(&mut order, "REPLACED");
            match self.save(&work, &mut order, was, &change, "").await {
                Ok(()) => work.done().await?,
                Err(error) if error.is_race() => continue,
                Err(error) => return Err(error),
            }
            self.drive_quietly(&id).await;
        }
        Ok(())
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
