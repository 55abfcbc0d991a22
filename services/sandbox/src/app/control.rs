//! The tester's side: dials and books.

use liufang_platform::{Begun, Call};

use super::{App, PATTERN, Page};
use crate::domain::channel::Payment;
use crate::domain::dial::Dial;
use crate::domain::insurer::Settlement;
use crate::error::SandboxError;
use crate::store;
use crate::store::dials::NewDial;

/// A dial to turn.
pub struct SetDial {
    pub method: String,
    pub dial: Dial,
    /// 0: until changed.
    pub calls: i64,
    /// Only calls that carry this text; empty: all. May be a phone, so it is kept sealed.
    pub pattern: String,
}

impl App {
    /// Turns a dial.
    pub async fn set_dial(&self, call: Call<SetDial>) -> Result<(), SandboxError> {
        let work = match self.db.begin::<()>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(()) => return Ok(()),
        };
        let SetDial { method, dial, calls, pattern } = call.body;
        let new = NewDial {
            dial_id: self.ids.next("dial"),
            pattern_sealed: self.cipher.seal(PATTERN, &pattern),
            pattern_index: self.cipher.blind(PATTERN, &pattern),
            method,
            dial,
            calls,
            set_at: call.meta.now,
        };
        store::dials::set(work.tx(), new).await?;
        Ok(work.commit(()).await?)
    }

    /// The channel's books.
    pub async fn channel_book(&self, channel_order_no: &str) -> Result<Vec<Payment>, SandboxError> {
        Ok(store::channel::list(self.db.read(), channel_order_no).await?)
    }

    /// A page of the insurer's books, and whether more follow.
    pub async fn insurer_book(&self, page: Page) -> Result<(Vec<Settlement>, bool), SandboxError> {
        let (at, msgid) = (page.after.0, page.after.1.as_str());
        let mut rows = store::insurer::list(self.db.read(), (at, msgid), page.size + 1).await?;
        let size = usize::try_from(page.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        Ok((rows, more))
    }
}
