//! Use cases of dispatch.

mod change;
mod codes;
mod contacts;
mod courier;
mod deliveries;
mod hand_over;
mod outside;
mod plan;
mod view;

pub use courier::{LogTemperature, ReportPosition, StartShift};
pub use deliveries::{Create, Quote, Quoted, Ready, Which, WithCode};
pub use hand_over::{ConfirmDelivery, ConfirmPickUp, ConfirmReturn, ReportFailedAttempt};
pub use view::View;

use std::sync::Arc;

use liufang_kernel::Timestamp;
use liufang_kernel::region::DeliveryRules;
use liufang_platform::{Cipher, Db, Deps, Ids, Peers, Regions, SharedClock, Sweep};

use crate::error::DispatchError;

/// Dispatch.
#[derive(Clone)]
pub struct App {
    db: Db,
    peers: Peers,
    clock: SharedClock,
    ids: Ids,
    cipher: Cipher,
    regions: Arc<Regions>,
    /// How long packed goods wait for our own couriers before the outside company is asked; 0: never.
    pub(crate) outside_after_seconds: i64,
    forgetting: Sweep,
}

impl App {
    pub fn new(deps: &Deps) -> App {
        App {
            db: deps.db.clone(),
            peers: deps.peers.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids,
            cipher: deps.cipher.clone(),
            regions: deps.regions.clone(),
            outside_after_seconds: deps.settings.get("outside_after_seconds", 0),
            forgetting: Sweep::new("contact cannot be forgotten", deps.clock.clone()),
        }
    }

    /// The region's delivery rules of the day.
    fn rules(&self, region: &str, now: Timestamp) -> Result<&DeliveryRules, DispatchError> {
        let pack = self.regions.get(region).ok_or(DispatchError::NoRules)?;
        pack.delivery(now.china_date()).ok_or(DispatchError::NoRules)
    }
}
