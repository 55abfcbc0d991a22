//! What institutions look up of their own: a hospital its notices, a pharmacy what it handed out.

use liufang_platform::{Begun, Call};

use super::commands::{Page, Redeliver};
use super::replies::{HandOutPage, NoticePage, Redelivered};
use super::{App, Outcome};
use crate::error::PrescriptionError;
use crate::store;

/// Over how long given-up notices are counted.
const COUNTED_DAYS: i64 = 1;

impl App {
    /// The hospital's notices that its system has not taken, oldest first.
    pub async fn list_notices(&self, call: Call<Page>) -> Outcome<NoticePage> {
        let hospital = call.meta.principal.institution()?;
        let Page { size, after } = call.body;
        let (conn, cipher) = (self.deps.db.read(), &self.deps.cipher);
        let mut items = store::notice::list(conn, cipher, hospital, after, size + 1).await?;
        let more = size < items.len() as u64;
        items.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let last = items.last().map(|row| (row.created_at.0, row.notice_id.clone()));
        Ok(NoticePage { items, next: last.filter(|_| more) })
    }

    /// Sends them again at once; all of them or none.
    pub async fn redeliver(&self, call: Call<Redeliver>) -> Outcome<Redelivered> {
        let hospital = call.meta.principal.institution()?;
        let now = call.meta.now;
        let work = match self.deps.db.begin::<Redelivered>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let give_up_at = self.hospitals.give_up_at(now);
        for notice_id in &call.body.notice_ids {
            if !store::notice::again(work.tx(), hospital, notice_id, give_up_at, now).await? {
                return Err(PrescriptionError::NoNotice(notice_id.clone()));
            }
        }
        let notices = i32::try_from(call.body.notice_ids.len()).unwrap_or(i32::MAX);
        Ok(work.commit(Redelivered { notices }).await?)
    }

    /// What the pharmacy handed out, newest first.
    pub async fn list_hand_outs(&self, call: Call<Page>) -> Outcome<HandOutPage> {
        let pharmacy = call.meta.principal.institution()?;
        let Page { size, after } = call.body;
        let mut items = store::hand_out::of_pharmacy(self.deps.db.read(), pharmacy, after, size + 1).await?;
        let more = size < items.len() as u64;
        items.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let last = items.last().map(|row| (row.at_us, row.hand_out_id.clone()));
        Ok(HandOutPage { items, next: last.filter(|_| more) })
    }

    /// Age of the oldest notice on its way, in seconds.
    pub async fn notices_oldest_seconds(&self) -> Outcome<i64> {
        let now = self.deps.clock.now();
        let (oldest, _) = store::notice::numbers(self.deps.db.read(), now).await?;
        Ok(if oldest == 0 { 0 } else { (now.0 - oldest) / 1_000_000 })
    }

    /// Notices given up in the last day.
    pub async fn notices_given_up(&self) -> Outcome<i64> {
        let since = self.deps.clock.now().plus_days(-COUNTED_DAYS);
        Ok(store::notice::numbers(self.deps.db.read(), since).await?.1)
    }
}
