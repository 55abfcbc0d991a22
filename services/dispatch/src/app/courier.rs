//! Shifts, positions, assignments, temperatures.

use liufang_kernel::Timestamp;
use liufang_platform::{AuthFault, Begun, Call};

use super::App;
use super::change::Happening;
use super::deliveries::decide;
use super::view::View;
use crate::domain::delivery::{Operation, State, Step};
use crate::domain::geo::Point;
use crate::domain::{clock, cold};
use crate::error::DispatchError;
use crate::store;
use crate::store::couriers::Shift;
use crate::store::deliveries::Delivery;

/// A courier begins to work.
#[derive(Clone, Debug)]
pub struct StartShift {
    pub position: Point,
    pub region: String,
    pub capacity: i32,
    pub cold_box: bool,
}

/// Where a courier is.
#[derive(Clone, Debug)]
pub struct ReportPosition {
    pub position: Point,
    pub at: Timestamp,
}

/// Temperature of a cold box.
#[derive(Clone, Debug)]
pub struct LogTemperature {
    pub delivery_id: String,
    pub tenths_celsius: i32,
    pub at: Timestamp,
}

/// Positions go into the tracking at most this often.
const TRACK_SECONDS: i64 = 10;

impl App {
    /// Starts a shift, or changes the running one. A courier of one region works there: assignments show where people
    /// live.
    pub async fn start_shift(&self, call: Call<StartShift>) -> Result<(), DispatchError> {
        let Call { meta, body } = call;
        let own = &meta.principal.region;
        if !own.is_empty() && *own != body.region {
            return Err(AuthFault::NotAllowed.into());
        }
        self.rules(&body.region, meta.now)?;
        let work = match self.db.begin::<()>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(()) => return Ok(()),
        };
        let shift = Shift {
            courier_code: meta.principal.subject.clone(),
            region: body.region,
            on_shift: true,
            capacity: body.capacity,
            cold_box: body.cold_box,
            position: body.position,
            position_at: meta.now,
            tracked_at: Timestamp(0),
        };
        store::couriers::start(work.tx(), &shift).await?;
        Ok(work.commit(()).await?)
    }

    /// Ends the shift. Goods still at a pharmacy go to others; goods on board stay with the courier.
    pub async fn end_shift(&self, call: Call<()>) -> Result<(), DispatchError> {
        let work = match self.db.begin::<()>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(()) => return Ok(()),
        };
        let courier_code = &call.meta.principal.subject;
        store::couriers::end(work.tx(), courier_code).await?;
        for row in store::deliveries::of_courier(work.tx(), courier_code).await? {
            if let Step::To(state) = decide(&row, Operation::Unassign)? {
                let after = Delivery { state, courier_code: String::new(), route_index: 0, ..row.clone() };
                let note = "unassigned".to_owned();
                let happening = Happening { at: call.meta.now, position: None, note };
                self.change(&work, &row, after, happening).await?;
            }
        }
        Ok(work.commit(()).await?)
    }

    /// Takes a position; one that comes too late changes nothing.
    pub async fn report_position(&self, call: Call<ReportPosition>) -> Result<(), DispatchError> {
        let Call { meta, body } = call;
        let work = match self.db.begin::<()>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(()) => return Ok(()),
        };
        let courier_code = &meta.principal.subject;
        let shift = store::couriers::find(work.tx(), courier_code).await?.ok_or(DispatchError::NotOnShift)?;
        let at = clock::trusted(body.at, meta.now);
        let newest = store::couriers::move_to(work.tx(), courier_code, body.position, at).await?;
        if newest && shift.tracked_at.plus_seconds(TRACK_SECONDS) <= at {
            for row in store::deliveries::of_courier(work.tx(), courier_code).await? {
                let note = "position".to_owned();
                let happening = Happening { at, position: Some(body.position), note };
                self.change(&work, &row, row.clone(), happening).await?;
            }
            store::couriers::tracked(work.tx(), courier_code, at).await?;
        }
        Ok(work.commit(()).await?)
    }

    /// What the caller has open, in the order to serve, with the recipients' contact.
    pub async fn list_assignments(&self, call: Call<()>) -> Result<Vec<View>, DispatchError> {
        let rows = store::deliveries::of_courier(self.db.read(), &call.meta.principal.subject).await?;
        rows.iter().map(|row| self.courier_view(row)).collect()
    }

    /// Logs a temperature; answers whether the goods are safe. Out of range raises an alarm in the tracking.
    pub async fn log_temperature(&self, call: Call<LogTemperature>) -> Result<bool, DispatchError> {
        let Call { meta, body } = call;
        let work = match self.db.begin::<bool>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(in_range) => return Ok(in_range),
        };
        let row = self.own(&meta, store::deliveries::find(work.tx(), &body.delivery_id).await?)?;
        if !row.cold_chain {
            return Err(DispatchError::NotColdChain);
        }
        if matches!(row.state, State::Waiting | State::Ready | State::Assigned) {
            let refusal = crate::domain::delivery::Refusal::NotPickedUp;
            return Err(DispatchError::state(refusal, row.state));
        }
        let (at, in_range) = (clock::trusted(body.at, meta.now), cold::in_range(body.tenths_celsius));
        let courier = &meta.principal.subject;
        let tenths = body.tenths_celsius;
        let fresh =
            store::logs::temperature(work.tx(), &row.delivery_id, at, tenths, in_range, courier).await?;
        if fresh && !in_range && !row.state.has_ended() {
            let happening = Happening { at, position: None, note: "temperature_alarm".to_owned() };
            self.change(&work, &row, row.clone(), happening).await?;
        }
        Ok(work.commit(in_range).await?)
    }
}
