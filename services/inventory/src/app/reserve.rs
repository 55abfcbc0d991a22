//! Holding stock for an order, giving it back, holding it longer.

use std::collections::{BTreeMap, HashMap};

use liufang_kernel::{Date, Quantity, Timestamp, UnitPrice};
use liufang_platform::{Begun, Call, Work};
use serde::{Deserialize, Serialize};

use super::listings::unique;
use super::{App, retrying, today};
use crate::domain::basket::whole_packs;
use crate::domain::lot::used_up;
use crate::domain::pick::pick;
use crate::domain::{Ask, Line, LineReason, LineRefusal, Lot, Pick, Reservation, ReservationState};
use crate::error::InventoryError;
use crate::store;
use crate::store::lot::Change;

/// What an order wants to hold.
#[derive(Clone, Debug)]
pub struct Reserve {
    pub order_id: String,
    pub institution: String,
    pub asks: Vec<Ask>,
    pub expires_at: Timestamp,
}

/// A reservation to hold longer.
#[derive(Clone, Debug)]
pub struct Extend {
    pub order_id: String,
    pub expires_at: Timestamp,
}

/// What a release found; `None` when the order never held anything.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Released(pub Option<Reservation>);

impl App {
    /// Holds every line or nothing, first expired first out. One reservation per order: asking the same again answers
    /// what is held.
    pub async fn reserve(&self, call: Call<Reserve>) -> Result<Reservation, InventoryError> {
        retrying(|| self.try_reserve(&call)).await
    }

    async fn try_reserve(&self, call: &Call<Reserve>) -> Result<Reservation, InventoryError> {
        let work = match self.db.begin::<Reservation>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let ask = &call.body;
        if let Some(existing) = store::reservation::lock(work.tx(), &ask.order_id).await? {
            return Ok(work.commit(same_again(existing, ask)?).await?);
        }
        if ask.expires_at <= call.meta.now {
            return Err(InventoryError::DeadlinePassed { deadline: ask.expires_at });
        }
        let drugs = unique(ask.asks.iter().map(|ask| &ask.med_list_codg));
        let lines = self.lines(&work, ask, &drugs, today(call)).await?;
        let lots = store::lot::saleable(work.tx(), &ask.institution, &drugs, today(call)).await?;
        let picks = pick_all(&lines, lots, today(call)).map_err(InventoryError::Lines)?;
        store::lot::change(work.tx(), &reserving(&picks, 1)).await?;
        let reservation = Reservation {
            reservation_id: self.ids.next("rsv"),
            order_id: ask.order_id.clone(),
            fixmedins_code: ask.institution.clone(),
            state: ReservationState::Held,
            expires_at: ask.expires_at,
            lines,
            picks,
        };
        if !store::reservation::insert(work.tx(), &reservation).await? {
            return Err(InventoryError::lost_race());
        }
        Ok(work.commit(reservation).await?)
    }

    /// The lines at listed prices, or every line that is not listed or not a whole pack.
    async fn lines(
        &self,
        work: &Work,
        ask: &Reserve,
        drugs: &[String],
        today: Date,
    ) -> Result<Vec<Line>, InventoryError> {
        let shop = [ask.institution.clone()];
        let prices: HashMap<String, UnitPrice> = store::listing::of(work.tx(), &shop, drugs)
            .await?
            .into_iter()
            .map(|listing| (listing.med_list_codg, listing.price))
            .collect();
        let catalogue: HashMap<String, _> = store::drug::by_codes(work.tx(), drugs)
            .await?
            .into_iter()
            .map(|drug| (drug.med_list_codg.clone(), drug))
            .collect();
        let mut lines = Vec::new();
        let mut refused = Vec::new();
        for wanted in &ask.asks {
            let code = &wanted.med_list_codg;
            let refusal = match (prices.get(code), catalogue.get(code)) {
                (Some(price), Some(drug)) => match whole_packs(drug, wanted.quantity) {
                    Ok(()) => {
                        let (line_no, quantity) = (wanted.line_no, wanted.quantity);
                        let used_up = used_up(today, wanted.use_days);
                        let med_list_codg = code.clone();
                        lines.push(Line { line_no, med_list_codg, quantity, price: *price, used_up });
                        continue;
                    }
                    Err(reason) => reason,
                },
                _ => LineReason::NotListed,
            };
            refused.push(LineRefusal {
                line_no: wanted.line_no,
                med_list_codg: code.clone(),
                reason: refusal,
                available: None,
            });
        }
        if refused.is_empty() { Ok(lines) } else { Err(InventoryError::Lines(refused)) }
    }

    /// Gives held stock back. Harmless when it was given back or has run out. An order that holds nothing is marked, so
    /// that a reservation that arrives late finds it given up.
    pub async fn release(&self, call: Call<String>) -> Result<Released, InventoryError> {
        let work = match self.db.begin::<Released>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let Some(mut reservation) = store::reservation::lock(work.tx(), &call.body).await? else {
            let given_up = self.given_up(&call.body, call.meta.now);
            if !store::reservation::insert(work.tx(), &given_up).await? {
                return Err(InventoryError::lost_race());
            }
            return Ok(work.commit(Released(None)).await?);
        };
        match reservation.state {
            ReservationState::Held => {
                store::lot::change(work.tx(), &reserving(&reservation.picks, -1)).await?;
                reservation.state = ReservationState::Released;
                store::reservation::save(work.tx(), &reservation).await?;
            }
            ReservationState::Released | ReservationState::Expired => {}
            other => return Err(InventoryError::ReservationState(other)),
        }
        let known = (!reservation.fixmedins_code.is_empty()).then_some(reservation);
        Ok(work.commit(Released(known)).await?)
    }

    fn given_up(&self, order_id: &str, now: Timestamp) -> Reservation {
        Reservation {
            reservation_id: self.ids.next("rsv"),
            order_id: order_id.to_owned(),
            fixmedins_code: String::new(),
            state: ReservationState::Released,
            expires_at: now,
            lines: Vec::new(),
            picks: Vec::new(),
        }
    }

    /// Moves the deadline of a held reservation ahead; never back. Stock that is still held may be held longer even when
    /// its deadline has just passed.
    pub async fn extend(&self, call: Call<Extend>) -> Result<Reservation, InventoryError> {
        let work = match self.db.begin::<Reservation>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let order_id = &call.body.order_id;
        let mut reservation = self.existing(&work, order_id).await?;
        if reservation.state != ReservationState::Held {
            return Err(InventoryError::ReservationState(reservation.state));
        }
        if call.body.expires_at <= call.meta.now {
            return Err(InventoryError::DeadlinePassed { deadline: call.body.expires_at });
        }
        reservation.expires_at = reservation.expires_at.max(call.body.expires_at);
        store::reservation::save(work.tx(), &reservation).await?;
        Ok(work.commit(reservation).await?)
    }

    /// The order's reservation, locked.
    pub(super) async fn existing(&self, work: &Work, order_id: &str) -> Result<Reservation, InventoryError> {
        let found = store::reservation::lock(work.tx(), order_id).await?;
        let real = found.filter(|reservation| !reservation.fixmedins_code.is_empty());
        real.ok_or_else(|| InventoryError::ReservationNotFound { order_id: order_id.to_owned() })
    }
}

fn same_again(existing: Reservation, ask: &Reserve) -> Result<Reservation, InventoryError> {
    if existing.state != ReservationState::Held {
        return Err(InventoryError::ReservationState(existing.state));
    }
    let asked: Vec<(i32, &str, Quantity)> =
        ask.asks.iter().map(|ask| (ask.line_no, ask.med_list_codg.as_str(), ask.quantity)).collect();
    if existing.asks_the_same(&ask.institution, &asked) {
        Ok(existing)
    } else {
        Err(InventoryError::ReservationDiffers { order_id: existing.order_id })
    }
}

/// Picks every line, or names every line that is short.
fn pick_all(lines: &[Line], mut lots: Vec<Lot>, today: Date) -> Result<Vec<Pick>, Vec<LineRefusal>> {
    let mut picks = Vec::new();
    let mut refused = Vec::new();
    for line in lines {
        let (mut own, others): (Vec<Lot>, Vec<Lot>) =
            lots.into_iter().partition(|lot| lot.med_list_codg == line.med_list_codg);
        match pick(&own, line.quantity, today, line.used_up) {
            Ok(takes) => {
                for take in takes {
                    let Some(lot) = own.iter_mut().find(|lot| lot.lot_id == take.lot_id) else { continue };
                    lot.reserved += take.quantity;
                    picks.push(Pick {
                        line_no: line.line_no,
                        lot_id: take.lot_id,
                        med_list_codg: line.med_list_codg.clone(),
                        manu_lotnum: lot.manu_lotnum.clone(),
                        quantity: take.quantity,
                    });
                }
            }
            Err(short) => refused.push(LineRefusal {
                line_no: line.line_no,
                med_list_codg: line.med_list_codg.clone(),
                reason: LineReason::ShortStock,
                available: Some(line.quantity - short.missing),
            }),
        }
        lots = own;
        lots.extend(others);
    }
    if refused.is_empty() { Ok(picks) } else { Err(refused) }
}

/// The change of `reserved` that picks mean: `sign` 1 holds them, -1 gives them back.
pub(super) fn reserving(picks: &[Pick], sign: i64) -> Vec<Change> {
    let mut by_lot: BTreeMap<&str, i64> = BTreeMap::new();
    for pick in picks {
        *by_lot.entry(&pick.lot_id).or_default() += sign * pick.quantity.0;
    }
    let change = |(lot_id, reserved): (&str, i64)| Change {
        lot_id: lot_id.to_owned(),
        on_hand: Quantity::ZERO,
        reserved: Quantity(reserved),
    };
    by_lot.into_iter().map(change).collect()
}
