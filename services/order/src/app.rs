//! Use cases. A use case decides in one transaction, journals the steps that follow, drives them at once, and answers
//! with the result; what cannot be reached now a worker goes on with.

mod access;
mod cancel;
mod close;
mod collect;
mod contacts;
mod counter;
mod dispense;
mod give_back;
mod measure;
mod news;
mod pay;
mod place;
mod read;
mod requote;
mod saga;
mod view;

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, CallMeta, Deps, Sweep};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::{Order, State};
use crate::error::OrderError;
use crate::rpc::Peers;
use crate::store::{journal, orders};

pub use collect::Collect;
pub use counter::PayCounter;
pub use dispense::Dispense;
pub use give_back::GiveBack;
pub use pay::Pay;
pub use place::{Place, Sale};
pub use read::{Followed, ListOrders, Page, Watch};
pub use requote::Requote;
pub use view::{Dispensed, View};

/// The order service's use cases.
#[derive(Clone)]
pub struct App {
    deps: Deps,
    peers: Peers,
    /// How long the pharmacy has from payment to dispensing, in seconds.
    dispense_seconds: i64,
    closing: Sweep,
    resuming: Sweep,
    forgetting: Sweep,
}

impl App {
    pub fn new(deps: Deps) -> App {
        let peers = Peers::new(deps.peers.clone());
        let dispense_seconds = deps.settings.get("dispense_seconds", 3 * 86_400);
        let closing = Sweep::new("unpaid order cannot be closed", deps.clock.clone());
        let resuming = Sweep::new("saga cannot be resumed", deps.clock.clone());
        let forgetting = Sweep::new("contact cannot be forgotten", deps.clock.clone());
        App { deps, peers, dispense_seconds, closing, resuming, forgetting }
    }

    fn now(&self) -> Timestamp {
        self.deps.clock.now()
    }

    /// The stored reply of a call that was answered before.
    async fn replayed<R: DeserializeOwned>(&self, meta: &CallMeta) -> Result<Option<R>, OrderError> {
        match self.deps.db.begin::<R>(meta).await? {
            Begun::Replay(reply) => Ok(Some(reply)),
            // the answer needs calls to other services: the key is claimed again with the answer
            Begun::Fresh(work) => {
                work.cancel().await?;
                Ok(None)
            }
        }
    }

    /// Claims the key and stores the answer made of the order as it is now, unless the operation was refused meanwhile.
    async fn answer<R>(
        &self,
        meta: &CallMeta,
        id: &str,
        operation: &str,
        render: fn(&Order) -> R,
    ) -> Result<R, OrderError>
    where
        R: Serialize + DeserializeOwned,
    {
        match self.deps.db.begin::<R>(meta).await? {
            Begun::Replay(reply) => Ok(reply),
            Begun::Fresh(work) => {
                let order = orders::find(work.tx(), &self.deps.cipher, id).await?;
                let order = order.ok_or(OrderError::NotFound)?;
                // a twin of this placing was refused, and heard why; the repeat is an attempt of its own
                if order.state == State::Refused {
                    return Err(OrderError::Changed);
                }
                // after the order was read: what is stored is never younger than the refusal
                if !journal::knows(work.tx(), id, operation).await? {
                    let lost = journal::lost(work.tx(), id, operation).await?;
                    return Err(
                        lost.map_or(OrderError::Changed, |reason| OrderError::PaymentRefused { reason })
                    );
                }
                Ok(work.commit(render(&order)).await?)
            }
        }
    }

    /// Names a call: the same for a repeat, another for any other call. Under it the journal knows what was begun.
    fn operation(&self, meta: &CallMeta) -> String {
        let [kind, subject, client] = meta.principal.key_owner();
        let key = match &meta.idempotency_key {
            Some(key) => key.clone(),
            None => self.deps.ids.secret(),
        };
        let parts = [kind, subject, client, &meta.method, &key, &meta.request_hash];
        self.deps.cipher.blind("journal.operation", &parts.join("\n"))
    }
}
