//! Use cases of the outside parties. Each call looks at its dial in the same transaction as its effect.

mod channel;
mod control;
mod courier;
mod hospital;
mod insurer;
mod notices;
mod verification;

pub use channel::{Close, Pay, Query, Refund, RefundDone};
pub use control::SetDial;
pub use insurer::{Page, Settled, YearBook};
pub use verification::{Checked, SendMessage};

use std::sync::Arc;
use std::time::Duration;

use liufang_platform::{Cipher, Db, Deps, Ids, Peers, Regions, SharedClock, Work};

use crate::domain::dial::{self, Dial};
use crate::error::SandboxError;
use crate::store;
use crate::store::sealed::PATTERN;

/// The sandbox.
#[derive(Clone)]
pub struct App {
    db: Db,
    peers: Peers,
    clock: SharedClock,
    ids: Ids,
    cipher: Cipher,
    regions: Arc<Regions>,
    /// Key the channel signs its notices with.
    channel_key: String,
}

/// Later than any caller waits.
const LATE: Duration = Duration::from_secs(8);

/// Development key of the channel; production refuses the role altogether.
const DEV_CHANNEL_KEY: &str = "liufang-dev-channel-key";

impl App {
    pub fn new(deps: &Deps) -> App {
        App {
            db: deps.db.clone(),
            peers: deps.peers.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids,
            cipher: deps.cipher.clone(),
            regions: deps.regions.clone(),
            channel_key: deps.settings.get("channel_key", DEV_CHANNEL_KEY.to_owned()),
        }
    }

    /// The dial for a call that carries `keys`, counted down.
    async fn dial(&self, work: &Work, method: &str, keys: &[&str]) -> Result<Dial, SandboxError> {
        for row in store::dials::live(work.tx(), method).await? {
            let pattern = self.cipher.open(PATTERN, &row.pattern_sealed)?;
            if !dial::concerns(&pattern, keys) {
                continue;
            }
            if row.forever || store::dials::count_down(work.tx(), &row.dial_id).await? {
                return Ok(row.dial);
            }
        }
        Ok(Dial::Normal)
    }

    /// Commits, then answers, late or at once, or stays silent.
    async fn answer<T>(&self, work: Work, dial: Dial, answer: T) -> Result<T, SandboxError> {
        work.done().await?;
        if dial == Dial::Late {
            tokio::time::sleep(LATE).await;
        }
        if dial.answers() { Ok(answer) } else { Err(SandboxError::NoAnswer) }
    }
}
