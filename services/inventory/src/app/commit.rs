//! Dispensing: the scanned packs leave the shop, and the sale stands in the ledger (3505).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use liufang_kernel::Quantity;
use liufang_platform::{Begun, Call, Work};
use serde::{Deserialize, Serialize};

use super::listings::unique;
use super::{App, retrying, today};
use crate::domain::dispense::{self, Counter, Portion, Scan, ScanRefusal};
use crate::domain::movement::Sale;
use crate::domain::shift;
use crate::domain::{
    LineReason, LineRefusal, Lot, Movement, MovementKind, Pick, Reservation, ReservationState, TraceRecord,
};
use crate::error::InventoryError;
use crate::store::lot::Change;
use crate::{events, store};

/// A dispensing as the order asks for it.
#[derive(Clone, Debug)]
pub struct Commit {
    pub order_id: String,
    /// Empty: self-paid.
    pub setl_id: String,
    pub hi_rxno: String,
    pub pharmacist_code: String,
    pub scans: Vec<Scan>,
    pub insured: bool,
}

/// What was dispensed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dispensed {
    pub reservation: Reservation,
    /// 3505 rows.
    pub sales: Vec<Movement>,
}

impl App {
    /// Sells the held stock by its scanned codes. Of two orders that scan one code exactly one sells it; the other is
    /// refused, and the attempt is on record although the sale is not.
    pub async fn commit(&self, call: Call<Commit>) -> Result<Dispensed, InventoryError> {
        let desk = AtomicBool::new(false);
        let settled = retrying(|| self.try_commit(&call, &desk)).await;
        if let Err(InventoryError::Scan(ScanRefusal::Sold { code, sold_by, .. })) = &settled {
            self.note_resale(&call, code, sold_by).await?;
        }
        settled
    }

    /// One try. Orders are dispensed side by side until packs are scanned that others have reserved; then the try ends,
    /// `desk` is set, and the next one has the shop's dispensing desk to itself: moving reservations of several orders
    /// crosswise would deadlock.
    async fn try_commit(&self, call: &Call<Commit>, desk: &AtomicBool) -> Result<Dispensed, InventoryError> {
        let alone = desk.load(Ordering::Relaxed);
        let work = match self.db.begin::<Dispensed>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        if alone {
            store::reservation::lock_desk(work.tx(), &call.body.order_id).await?;
        }
        let mut reservation = self.existing(&work, &call.body.order_id).await?;
        match reservation.state {
            ReservationState::Held if reservation.expires_at <= call.meta.now => {
                return Err(InventoryError::ReservationExpired { expired_at: reservation.expires_at });
            }
            ReservationState::Held => {}
            ReservationState::Committed => return sold_already(work, reservation, &call.body.scans).await,
            other => return Err(InventoryError::ReservationState(other)),
        }
        let lots = lots_of(&work, &reservation).await?;
        let portions = plan(&work, &reservation, &lots, call).await?;
        let crowded = crowded(&after(&reservation, &lots, &portions));
        if !crowded.is_empty() && !alone {
            desk.store(true, Ordering::Relaxed);
            return Err(InventoryError::lost_race());
        }
        if crowded.is_empty() {
            sell_codes(&work, &reservation, &portions).await?;
            store::lot::change(work.tx(), &changes(&lots, &after(&reservation, &lots, &portions))).await?;
        } else {
            make_room(&work, &reservation, &portions, today(call)).await?;
        }
        let sales = self.sales(call, &reservation, &lots, &portions);
        store::movement::insert(work.tx(), &sales).await?;
        reservation.state = ReservationState::Committed;
        reservation.picks = picks(&reservation, &lots, &portions);
        store::reservation::replace_picks(work.tx(), &reservation.reservation_id, &reservation.picks).await?;
        store::reservation::save(work.tx(), &reservation).await?;
        let event = events::stock_sold(&reservation, &sales, call.meta.now);
        work.push(&event, &reservation.order_id).await?;
        Ok(work.commit(Dispensed { reservation, sales }).await?)
    }

    /// The 3505 rows, one per line and lot.
    fn sales(
        &self,
        call: &Call<Commit>,
        reservation: &Reservation,
        lots: &BTreeMap<String, Lot>,
        portions: &[Portion],
    ) -> Vec<Movement> {
        let body = &call.body;
        let row = |portion: &Portion| {
            let lot = lots.get(&portion.lot_id)?;
            let line = reservation.lines.iter().find(|line| line.line_no == portion.line_no)?;
            let insured =
                body.insured && !body.scans.iter().any(|scan| scan.line_no == line.line_no && scan.self_paid);
            let movement_id = self.ids.next("mov");
            Some(Movement {
                fixmedins_bchno: movement_id.clone(),
                movement_id,
                kind: MovementKind::Sale,
                fixmedins_code: reservation.fixmedins_code.clone(),
                med_list_codg: line.med_list_codg.clone(),
                lot_id: lot.lot_id.clone(),
                manu_lotnum: lot.manu_lotnum.clone(),
                quantity: Quantity::ZERO - portion.quantity,
                price: Some(line.price),
                at: call.meta.now,
                supplier: String::new(),
                sale: Sale {
                    order_id: reservation.order_id.clone(),
                    line_no: line.line_no,
                    // domain.md §4.1: a self-paid row stands for itself
                    setl_id: if insured { body.setl_id.clone() } else { String::new() },
                    hi_rxno: body.hi_rxno.clone(),
                    mdtrt_setl_type: if insured { "1" } else { "2" }.to_owned(),
                    pharmacist_code: body.pharmacist_code.clone(),
                },
                trace_codes: portion.trace_codes.clone(),
            })
        };
        portions.iter().filter_map(row).collect()
    }

    /// Tells of a refused second sale in a transaction of its own, once per code and order.
    async fn note_resale(
        &self,
        call: &Call<Commit>,
        code: &str,
        sold_by: &str,
    ) -> Result<(), InventoryError> {
        let work = self.db.begin_step().await?;
        let order_id = &call.body.order_id;
        let seller = self.existing(&work, order_id).await?.fixmedins_code;
        if store::trace::note_resale(work.tx(), code, order_id, call.meta.now).await? {
            let event = events::trace_code_resold(code, &seller, sold_by, order_id, call.meta.now);
            work.push(&event, code).await?;
        }
        Ok(work.done().await?)
    }
}

/// Lots of the reservation's drugs that hold anything, by id.
async fn lots_of(work: &Work, reservation: &Reservation) -> Result<BTreeMap<String, Lot>, InventoryError> {
    let drugs = unique(reservation.lines.iter().map(|line| &line.med_list_codg));
    let lots = store::lot::of(work.tx(), &reservation.fixmedins_code, &drugs).await?;
    let present = lots.into_iter().filter(|lot| lot.on_hand.is_positive());
    Ok(present.map(|lot| (lot.lot_id.clone(), lot)).collect())
}

async fn plan(
    work: &Work,
    reservation: &Reservation,
    lots: &BTreeMap<String, Lot>,
    call: &Call<Commit>,
) -> Result<Vec<Portion>, InventoryError> {
    let scans = &call.body.scans;
    let scanned = unique(scans.iter().flat_map(|scan| &scan.trace_codes));
    let codes: HashMap<String, TraceRecord> = store::trace::by_codes(work.tx(), &scanned)
        .await?
        .into_iter()
        .map(|record| (record.code.clone(), record))
        .collect();
    let drugs = unique(reservation.lines.iter().map(|line| &line.med_list_codg));
    let prefixes: HashMap<String, String> = store::drug::by_codes(work.tx(), &drugs)
        .await?
        .into_iter()
        .map(|drug| (drug.med_list_codg, drug.trace_prefix))
        .collect();
    let counter = Counter {
        institution: &reservation.fixmedins_code,
        today: today(call),
        codes: &codes,
        lots,
        prefixes: &prefixes,
    };
    dispense::plan(&counter, &reservation.lines, &reservation.picks, scans).map_err(InventoryError::Scan)
}

/// Marks the scanned codes as sold. Fewer than scanned: somebody sold one in between, so look again and say which.
async fn sell_codes(
    work: &Work,
    reservation: &Reservation,
    portions: &[Portion],
) -> Result<(), InventoryError> {
    let codes: Vec<String> = portions.iter().flat_map(|portion| portion.trace_codes.clone()).collect();
    let (institution, order_id) = (&reservation.fixmedins_code, &reservation.order_id);
    let sold = store::trace::sell(work.tx(), institution, order_id, &codes).await?;
    if usize::try_from(sold) == Ok(codes.len()) { Ok(()) } else { Err(InventoryError::lost_race()) }
}

/// The lots as they are once the portions have left and what was reserved for the order is given up.
fn after(
    reservation: &Reservation,
    before: &BTreeMap<String, Lot>,
    portions: &[Portion],
) -> BTreeMap<String, Lot> {
    let mut after = before.clone();
    for portion in portions {
        if let Some(lot) = after.get_mut(&portion.lot_id) {
            lot.on_hand -= portion.quantity;
        }
    }
    for pick in &reservation.picks {
        if let Some(lot) = after.get_mut(&pick.lot_id) {
            lot.reserved -= pick.quantity;
        }
    }
    after
}

/// Lots in which more is promised than is left.
fn crowded(lots: &BTreeMap<String, Lot>) -> Vec<String> {
    lots.values().filter(|lot| lot.on_hand < lot.reserved).map(|lot| lot.lot_id.clone()).collect()
}

fn changes(before: &BTreeMap<String, Lot>, after: &BTreeMap<String, Lot>) -> Vec<Change> {
    let difference = |lot: &Lot| {
        let old = before.get(&lot.lot_id)?;
        let (on_hand, reserved) = (lot.on_hand - old.on_hand, lot.reserved - old.reserved);
        Some(Change { lot_id: lot.lot_id.clone(), on_hand, reserved })
    };
    after.values().filter_map(difference).collect()
}

/// Takes packs that others have reserved: their reservations move to what becomes free.
async fn make_room(
    work: &Work,
    reservation: &Reservation,
    portions: &[Portion],
    today: liufang_kernel::Date,
) -> Result<(), InventoryError> {
    let scanned = unique(portions.iter().map(|portion| &portion.lot_id));
    let others = store::reservation::lock_others(work.tx(), &reservation.reservation_id, &scanned).await?;
    // while the others were awaited, some of them may have been dispensed
    let before = lots_of(work, reservation).await?;
    let mut after = after(reservation, &before, portions);
    let crowded = crowded(&after);
    let Some(shifts) = shift::make_room(&mut after, &others, today) else {
        let all_seen = crowded.iter().all(|lot_id| {
            let promised: Quantity =
                others.iter().filter(|other| other.lot_id == *lot_id).map(|other| other.quantity).sum();
            before.get(lot_id).is_some_and(|lot| lot.reserved == promised + held_in(reservation, lot_id))
        });
        // a reservation made in between was not among the others: look again
        let refusal = || reserved_by_others(portions, &crowded, reservation);
        return Err(if all_seen { refusal() } else { InventoryError::lost_race() });
    };
    store::reservation::shift(work.tx(), &shifts).await?;
    sell_codes(work, reservation, portions).await?;
    store::lot::change(work.tx(), &changes(&before, &after)).await
}

/// What the order itself had reserved in a lot.
fn held_in(reservation: &Reservation, lot_id: &str) -> Quantity {
    reservation.picks.iter().filter(|pick| pick.lot_id == lot_id).map(|pick| pick.quantity).sum()
}

/// The scanned packs are promised to others and nothing else could serve them.
fn reserved_by_others(portions: &[Portion], crowded: &[String], reservation: &Reservation) -> InventoryError {
    let line_of = |portion: &Portion| reservation.lines.iter().find(|line| line.line_no == portion.line_no);
    let blocked = portions.iter().filter(|portion| crowded.contains(&portion.lot_id));
    let refusal = |portion: &Portion| LineRefusal {
        line_no: portion.line_no,
        med_list_codg: line_of(portion).map(|line| line.med_list_codg.clone()).unwrap_or_default(),
        reason: LineReason::ShortStock,
        available: None,
    };
    InventoryError::Lines(blocked.map(refusal).collect())
}

fn picks(reservation: &Reservation, lots: &BTreeMap<String, Lot>, portions: &[Portion]) -> Vec<Pick> {
    // a line may take from one lot twice only when the lot has no codes; picks are one per line and lot
    let mut merged: BTreeMap<(i32, String), Pick> = BTreeMap::new();
    for portion in portions {
        let line = reservation.lines.iter().find(|line| line.line_no == portion.line_no);
        let (Some(lot), Some(line)) = (lots.get(&portion.lot_id), line) else { continue };
        let key = (portion.line_no, portion.lot_id.clone());
        let pick = merged.entry(key).or_insert_with(|| Pick {
            line_no: portion.line_no,
            lot_id: portion.lot_id.clone(),
            med_list_codg: line.med_list_codg.clone(),
            manu_lotnum: lot.manu_lotnum.clone(),
            quantity: Quantity::ZERO,
        });
        pick.quantity += portion.quantity;
    }
    merged.into_values().collect()
}

/// The same scans again answer the same sale; other scans find the order sold.
async fn sold_already(
    work: Work,
    reservation: Reservation,
    scans: &[Scan],
) -> Result<Dispensed, InventoryError> {
    let sales = store::movement::of_order(work.tx(), &reservation.order_id, MovementKind::Sale).await?;
    let sold: HashSet<&String> = sales.iter().flat_map(|row| &row.trace_codes).collect();
    let scanned: HashSet<&String> = scans.iter().flat_map(|scan| &scan.trace_codes).collect();
    if sold != scanned {
        return Err(InventoryError::ReservationState(ReservationState::Committed));
    }
    Ok(work.commit(Dispensed { reservation, sales }).await?)
}
