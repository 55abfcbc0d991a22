//! Quote, create, pack, cancel, look, track.

use liufang_kernel::{Fen, Sensitive, Timestamp};
use liufang_platform::{Begun, Call, Principal, PrincipalKind};
use serde::{Deserialize, Serialize};

use super::App;
use super::change::Happening;
use super::view::{Contact, View, Viewer, viewer};
use crate::domain::code::Kind;
use crate::domain::delivery::{self, Operation, State, Step};
use crate::domain::geo::Point;
use crate::error::DispatchError;
use crate::store::deliveries::Delivery;
use crate::store::track::TrackPoint;
use crate::{peers, store};

/// A delivery somebody thinks of.
#[derive(Clone, Debug)]
pub struct Quote {
    pub fixmedins_code: String,
    pub to: Sensitive<Point>,
    pub cold_chain: bool,
    pub region: String,
}

/// What it would cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    pub delivery_fee: Fen,
    pub packing_fee: Fen,
    pub distance_m: i64,
    pub eta_seconds: i64,
}

/// The delivery of a paid order.
#[derive(Clone, Debug)]
pub struct Create {
    pub order_id: String,
    pub person_id: String,
    pub fixmedins_code: String,
    pub region: String,
    pub platform: String,
    pub to: Sensitive<Point>,
    pub address: Sensitive<String>,
    pub recipient_name: Sensitive<String>,
    pub recipient_phone: Sensitive<String>,
    pub cold_chain: bool,
    pub fee: Fen,
}

/// A delivery by its own or its order's id.
#[derive(Clone, Debug)]
pub enum Which {
    Delivery(String),
    Order(String),
}

/// A packed delivery and the code the courier shows at the pharmacy.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ready {
    pub view: View,
    pub hand_over_code: String,
}

/// A delivery and, for the patient, the code to show the courier.
pub struct WithCode {
    pub view: View,
    pub recipient_code: String,
}

impl App {
    /// Fee and time by the region's rules.
    pub async fn quote(&self, call: Call<Quote>) -> Result<Quoted, DispatchError> {
        let Quote { fixmedins_code, to, cold_chain, region } = call.body;
        let rules = self.rules(&region, call.meta.now)?;
        let from = peers::institution_location(&self.peers, &fixmedins_code).await?;
        let distance_m = from.distance_m(*to.reveal());
        let price = u32::try_from(distance_m).ok().and_then(|metres| rules.price(metres, cold_chain));
        let price = price.ok_or(DispatchError::OutOfArea { distance_m })?;
        Ok(Quoted {
            delivery_fee: price.delivery,
            packing_fee: price.packing,
            distance_m,
            eta_seconds: i64::from(rules.promised_minutes) * 60,
        })
    }

    /// Creates the delivery of a paid order; one per order.
    pub async fn create(&self, call: Call<Create>) -> Result<View, DispatchError> {
        let from = peers::institution_location(&self.peers, &call.body.fixmedins_code).await?;
        let new = self.new_delivery(&call.body, from, call.meta.now)?;
        let work = match self.db.begin::<View>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(view) => return Ok(view),
        };
        if self.create_row(&work, &new).await? {
            return Ok(work.commit(self.view(&new, Viewer::Other)?).await?);
        }
        let known = store::deliveries::find_by_order(work.tx(), &new.order_id).await?;
        let known = known.ok_or(DispatchError::NotFound)?;
        let content = |row: &Delivery| (row.person_id.clone(), row.fixmedins_code.clone(), row.fee);
        if content(&known) != content(&new) {
            return Err(DispatchError::OtherContent);
        }
        Ok(work.commit(self.view(&known, Viewer::Other)?).await?)
    }

    fn new_delivery(&self, create: &Create, from: Point, now: Timestamp) -> Result<Delivery, DispatchError> {
        let rules = self.rules(&create.region, now)?;
        let contact = Contact {
            door: *create.to.reveal(),
            address: create.address.reveal().clone(),
            name: create.recipient_name.reveal().clone(),
            phone: create.recipient_phone.reveal().clone(),
        };
        Ok(Delivery {
            delivery_id: self.ids.next("dlv"),
            order_id: create.order_id.clone(),
            person_id: create.person_id.clone(),
            fixmedins_code: create.fixmedins_code.clone(),
            region: create.region.clone(),
            platform: create.platform.clone(),
            state: State::Waiting,
            courier_code: String::new(),
            from,
            contact_sealed: self.seal_contact(&contact)?,
            cold_chain: create.cold_chain,
            promised_at: now.plus_seconds(i64::from(rules.promised_minutes) * 60),
            fee: create.fee,
            failed_attempts: 0,
            hand_over_code_sealed: self.new_code(Kind::HandOver),
            recipient_code_sealed: self.new_code(Kind::Recipient),
            route_index: 0,
            last_sequence: 1,
            version: 1,
            created_at: now,
        })
    }

    /// The goods are packed.
    pub async fn mark_ready(&self, call: Call<String>) -> Result<Ready, DispatchError> {
        let work = match self.db.begin::<Ready>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(ready) => return Ok(ready),
        };
        let found = store::deliveries::find_by_order(work.tx(), &call.body).await?;
        let mut row = found.ok_or(DispatchError::NotFound)?;
        if let Step::To(state) = decide(&row, Operation::MarkReady)? {
            let after = Delivery { state, ..row.clone() };
            row = self.change(&work, &row, after, at_once(state, call.meta.now)).await?;
        }
        let hand_over_code = self.code(&row, Kind::HandOver)?;
        Ok(work.commit(Ready { view: self.view(&row, Viewer::Other)?, hand_over_code }).await?)
    }

    /// The order ended. `None`: it had no delivery.
    pub async fn cancel(&self, call: Call<String>) -> Result<Option<View>, DispatchError> {
        let work = match self.db.begin::<Option<View>>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(view) => return Ok(view),
        };
        let Some(mut row) = store::deliveries::find_by_order(work.tx(), &call.body).await? else {
            return Ok(work.commit(None).await?);
        };
        if let Step::To(state) = decide(&row, Operation::Cancel)? {
            let after = Delivery { state, courier_code: String::new(), ..row.clone() };
            row = self.change(&work, &row, after, at_once(state, call.meta.now)).await?;
        }
        Ok(work.commit(Some(self.view(&row, Viewer::Other)?)).await?)
    }

    /// One delivery, as the caller may see it.
    pub async fn get(&self, call: Call<Which>) -> Result<WithCode, DispatchError> {
        let row = match &call.body {
            Which::Delivery(id) => store::deliveries::find(self.db.read(), id).await?,
            Which::Order(id) => store::deliveries::find_by_order(self.db.read(), id).await?,
        };
        let row = row.ok_or(DispatchError::NotFound)?;
        let viewer = viewer(&call.meta.principal, &row)?;
        let patient = call.meta.principal.is(PrincipalKind::Patient);
        let shown = patient && !row.state.has_ended();
        let recipient_code = if shown { self.code(&row, Kind::Recipient)? } else { String::new() };
        Ok(WithCode { view: self.view(&row, viewer)?, recipient_code })
    }

    /// Whether the caller may follow the delivery, and whether it has ended.
    pub async fn may_track(&self, principal: &Principal, delivery_id: &str) -> Result<bool, DispatchError> {
        let row = store::deliveries::find(self.db.read(), delivery_id).await?;
        let row = row.ok_or(DispatchError::NotFound)?;
        viewer(principal, &row)?;
        Ok(row.state.has_ended())
    }

    /// Track points after a sequence number.
    pub async fn track_after(
        &self,
        delivery_id: &str,
        sequence: i64,
    ) -> Result<Vec<TrackPoint>, DispatchError> {
        Ok(store::track::after(self.db.read(), delivery_id, sequence).await?)
    }
}

/// The state table, with the present state in the refusal.
pub(super) fn decide(row: &Delivery, operation: Operation) -> Result<Step, DispatchError> {
    delivery::decide(row.state, operation).map_err(|refusal| DispatchError::state(refusal, row.state))
}

fn at_once(state: State, now: Timestamp) -> Happening {
    Happening { at: now, position: None, note: state.word().to_owned() }
}
