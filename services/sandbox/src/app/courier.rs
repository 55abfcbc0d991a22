//! The outside courier company.

use super::App;
use crate::domain::dial::Dial;
use crate::domain::job::State;
use crate::domain::magic;
use crate::error::SandboxError;
use crate::store;

impl App {
    /// Takes a job once per delivery; `None`: the company does not take it.
    pub async fn create_job(&self, delivery_id: &str, phone: &str) -> Result<Option<String>, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "CourierHook/CreateJob", &[delivery_id, phone]).await?;
        if !dial.lands() {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        if let Some((job_no, _)) = store::jobs::find(work.tx(), delivery_id).await? {
            return self.answer(work, dial, Some(job_no)).await;
        }
        if dial == Dial::Refuse || !magic::job_accepted(phone) {
            return self.answer(work, dial, None).await;
        }
        let job_no = self.ids.digits(16);
        store::jobs::insert(work.tx(), delivery_id, &job_no, self.clock.now()).await?;
        self.answer(work, dial, Some(job_no)).await
    }

    /// Tells the state, then moves the job one step on.
    pub async fn query_job(&self, delivery_id: &str) -> Result<Option<State>, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "CourierHook/QueryJob", &[delivery_id]).await?;
        if !dial.lands() || dial == Dial::Refuse {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        let Some((_, state)) = store::jobs::find(work.tx(), delivery_id).await? else {
            return self.answer(work, dial, None).await;
        };
        store::jobs::set_state(work.tx(), delivery_id, state.next()).await?;
        self.answer(work, dial, Some(state)).await
    }

    /// Calls a job off; false once picked up or unknown.
    pub async fn cancel_job(&self, delivery_id: &str) -> Result<bool, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "CourierHook/CancelJob", &[delivery_id]).await?;
        if !dial.lands() {
            work.done().await?;
            return Err(SandboxError::NoAnswer);
        }
        let found = store::jobs::find(work.tx(), delivery_id).await?;
        let cancelled = dial != Dial::Refuse
            && found.is_some_and(|(_, state)| state.can_cancel() || state == State::Cancelled);
        if cancelled {
            store::jobs::set_state(work.tx(), delivery_id, State::Cancelled).await?;
        }
        self.answer(work, dial, cancelled).await
    }
}
