//! One way to change a delivery: guarded row, track point and event in the same transaction.

use liufang_kernel::Timestamp;
use liufang_platform::{DbFault, Work};

use super::App;
use crate::domain::delivery::State;
use crate::domain::geo::Point;
use crate::error::DispatchError;
use crate::events;
use crate::store;
use crate::store::deliveries::Delivery;
use crate::store::track::TrackPoint;

/// What happened.
pub(super) struct Happening {
    /// By the clock of whoever told it.
    pub at: Timestamp,
    pub position: Option<Point>,
    pub note: String,
}

impl App {
    /// Writes `after` over `before`. News goes out when state or courier changed.
    pub(super) async fn change(
        &self,
        work: &Work,
        before: &Delivery,
        mut after: Delivery,
        happening: Happening,
    ) -> Result<Delivery, DispatchError> {
        after.version = before.version + 1;
        after.last_sequence = before.last_sequence + 1;
        if !store::deliveries::replace(work.tx(), before.version, &after).await? {
            return Err(DbFault::LostRace.into());
        }
        append(work, &after, happening).await?;
        if (before.state, &before.courier_code) != (after.state, &after.courier_code) {
            self.tell(work, &after).await?;
        }
        Ok(after)
    }

    /// Writes a new delivery; false when the order has one.
    pub(super) async fn create_row(&self, work: &Work, new: &Delivery) -> Result<bool, DispatchError> {
        if !store::deliveries::insert(work.tx(), new).await? {
            return Ok(false);
        }
        let note = State::Waiting.word().to_owned();
        append(work, new, Happening { at: new.created_at, position: None, note }).await?;
        self.tell(work, new).await?;
        Ok(true)
    }

    async fn tell(&self, work: &Work, delivery: &Delivery) -> Result<(), DispatchError> {
        let event = events::delivery_changed(delivery, self.clock.now());
        Ok(work.push(&event, &delivery.delivery_id).await?)
    }
}

async fn append(work: &Work, delivery: &Delivery, happening: Happening) -> Result<(), DispatchError> {
    let Happening { at, position, note } = happening;
    let point = TrackPoint { sequence: delivery.last_sequence, at, state: delivery.state, position, note };
    Ok(store::track::append(work.tx(), &delivery.delivery_id, &point).await?)
}
