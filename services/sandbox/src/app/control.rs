//! The tester's side: dials and books.

use liufang_platform::{Begun, Call};

use super::{App, PATTERN};
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

    /// The insurer's books.
    pub async fn insurer_book(&self) -> Result<Vec<Settlement>, SandboxError> {
        Ok(store::insurer::list(self.db.read()).await?)
    }
}
