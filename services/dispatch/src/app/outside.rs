//! Goods that none of our couriers took go to the outside company: asked once per delivery, followed by query.
//!
//! The row says `asking` before the company is called, so a crash or a lost answer leads to asking again under the same
//! number, or to calling off when somebody else took the goods meanwhile.

use liufang_kernel::Timestamp;
use liufang_platform::{DbFault, Work};

use super::App;
use super::change::Happening;
use super::deliveries::decide;
use crate::domain::delivery::{Operation, State, Step};
use crate::domain::outside::{COURIER, News, follow};
use crate::error::DispatchError;
use crate::store::deliveries::Delivery;
use crate::store::jobs::JobState;
use crate::{peers, store};

/// How soon the company is asked again.
const LOOK_SECONDS: i64 = 10;

impl App {
    /// One look at one job; answers how many jobs were looked at or begun. Nothing without the setting.
    pub async fn outside_step(&self) -> Result<usize, DispatchError> {
        if self.outside_after_seconds <= 0 {
            return Ok(0);
        }
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        let ready_before = now.plus_seconds(-self.outside_after_seconds);
        store::jobs::ask_for_waiting(work.tx(), ready_before, now).await?;
        let job = store::jobs::take(work.tx(), now, now.plus_seconds(LOOK_SECONDS)).await?;
        work.done().await?;
        let Some((delivery_id, state)) = job else { return Ok(0) };
        let row = store::deliveries::find(self.db.read(), &delivery_id).await?;
        let row = row.ok_or(DispatchError::NotFound)?;
        match state {
            JobState::Open if row.courier_code == COURIER => self.look(&row, now).await?,
            JobState::Asking if row.state == State::Ready => self.ask(&row, now).await?,
            // cancelled, or taken by one of our couriers
            _ => self.call_off(&row, now).await?,
        }
        Ok(1)
    }

    async fn ask(&self, row: &Delivery, now: Timestamp) -> Result<(), DispatchError> {
        let contact = self.contact(row)?;
        let job = peers::Job {
            delivery_id: &row.delivery_id,
            from: row.from,
            to: contact.door,
            recipient_phone: &contact.phone,
            cold_chain: row.cold_chain,
        };
        let taken = peers::create_job(&self.peers, job).await?;
        let work = self.db.begin_step().await?;
        let Some(job_no) = taken else {
            store::jobs::set(work.tx(), &row.delivery_id, JobState::Refused, "", now).await?;
            return Ok(work.done().await?);
        };
        // lost to one of our couriers: the row stays `asking`, and the next look calls the job off
        let Step::To(state) = decide(row, Operation::Assign)? else { return Err(DbFault::LostRace.into()) };
        let after = Delivery { state, courier_code: COURIER.to_owned(), route_index: 0, ..row.clone() };
        self.change(&work, row, after, told(now, "assigned")).await?;
        let again_at = now.plus_seconds(LOOK_SECONDS);
        store::jobs::set(work.tx(), &row.delivery_id, JobState::Open, &job_no, again_at).await?;
        Ok(work.done().await?)
    }

    async fn look(&self, row: &Delivery, now: Timestamp) -> Result<(), DispatchError> {
        let Some(news) = peers::query_job(&self.peers, &row.delivery_id).await? else { return Ok(()) };
        let work = self.db.begin_step().await?;
        let end = self.follow_news(&work, row.clone(), news, now).await?;
        if end.state.has_ended() || end.courier_code != COURIER {
            store::jobs::set(work.tx(), &end.delivery_id, JobState::Ended, "", now).await?;
        }
        Ok(work.done().await?)
    }

    async fn follow_news(
        &self,
        work: &Work,
        mut row: Delivery,
        news: News,
        now: Timestamp,
    ) -> Result<Delivery, DispatchError> {
        while let Some(operation) = follow(news, row.state) {
            let Step::To(state) = decide(&row, operation)? else { break };
            let mut after = Delivery { state, ..row.clone() };
            if operation == Operation::Unassign {
                after.courier_code.clear();
            }
            row = self.change(work, &row, after, told(now, state.word())).await?;
        }
        Ok(row)
    }

    async fn call_off(&self, row: &Delivery, now: Timestamp) -> Result<(), DispatchError> {
        let cancelled = peers::cancel_job(&self.peers, &row.delivery_id).await?;
        tracing::info!(delivery = row.delivery_id, cancelled, "outside job called off");
        let work = self.db.begin_step().await?;
        store::jobs::set(work.tx(), &row.delivery_id, JobState::Ended, "", now).await?;
        Ok(work.done().await?)
    }
}

fn told(at: Timestamp, note: &str) -> Happening {
    Happening { at, position: None, note: note.to_owned() }
}
