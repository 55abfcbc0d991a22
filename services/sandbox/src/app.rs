//! Use cases of the outside parties. Each call looks at its dial in the same transaction as its effect.

mod bill;
mod channel;
mod control;
mod courier;
mod hospital;
mod insurer;
mod mobile;
mod notices;
mod verification;
mod wired;

pub use bill::{FetchStatement, Told};
pub use channel::{Close, Pay, Query, Refund, RefundDone};
pub use control::SetDial;
pub use insurer::{Page, Settled, YearBook};
pub use mobile::{Given, OrderState, RefundOrder, parts};
pub use verification::{Checked, SendMessage};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use liufang_platform::{Cipher, Db, Deps, Ids, Peers, Regions, SharedClock, Work};

use crate::domain::dial::{self, Dial};
use crate::error::SandboxError;
use crate::store;
use crate::store::sealed::PATTERN;
use crate::wires::Wires;

/// The sandbox.
#[derive(Clone)]
pub struct App {
    db: Db,
    peers: Peers,
    clock: SharedClock,
    ids: Ids,
    cipher: Cipher,
    regions: Arc<Regions>,
    /// Keys the channels sign their notices with, by the contract's number; of the others the common one.
    channel_keys: BTreeMap<i32, String>,
    channel_key: String,
    /// The channels' own formats.
    pub(crate) wires: Arc<Wires>,
}

/// Later than any caller waits.
const LATE: Duration = Duration::from_secs(8);

/// Settings of channels' own keys, by the contract's number of the channel.
const OWN_KEYS: [(i32, &str); 4] =
    [(1, "wechat_key"), (2, "alipay_key"), (3, "unionpay_key"), (4, "bank_card_key")];
/// Development key of the channel; production refuses the role altogether.
const DEV_CHANNEL_KEY: &str = "liufang-dev-channel-key";

impl App {
    pub fn new(deps: &Deps, wires: Wires) -> App {
        App {
            wires: Arc::new(wires),
            db: deps.db.clone(),
            peers: deps.peers.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids,
            cipher: deps.cipher.clone(),
            regions: deps.regions.clone(),
            channel_keys: OWN_KEYS
                .into_iter()
                .map(|(number, key)| (number, deps.settings.get(key, String::new())))
                .filter(|(_, key)| !key.is_empty())
                .collect(),
            channel_key: deps.settings.get("channel_key", DEV_CHANNEL_KEY.to_owned()),
        }
    }

    /// What a channel signs its notices with.
    fn key_of(&self, channel: i32) -> &str {
        self.channel_keys.get(&channel).unwrap_or(&self.channel_key)
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
