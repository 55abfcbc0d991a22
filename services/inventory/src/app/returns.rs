//! Taking a sale back: 3506 rows, trace codes reopened exactly once.

use std::collections::BTreeMap;

use liufang_kernel::Quantity;
use liufang_platform::{Begun, Call, Work};
use serde::{Deserialize, Serialize};

use super::listings::unique;
use super::{App, retrying};
use crate::domain::dispense::{Portion, Scan};
use crate::domain::give_back;
use crate::domain::{Lot, LotState, Movement, MovementKind, Reservation, ReservationState};
use crate::error::InventoryError;
use crate::store::lot::Change;
use crate::{events, store};

/// A return as the order asks for it.
#[derive(Clone, Debug)]
pub struct ReturnSale {
    pub order_id: String,
    /// Empty: the whole order.
    pub scans: Vec<Scan>,
}

/// What came back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Returned {
    pub reservation: Reservation,
    /// 3506 rows.
    pub returns: Vec<Movement>,
}

const WHY_HELD: &str = "returned by a customer";

impl App {
    /// Takes packs of a sale back. They go into a held lot of their own: returned drugs are not sold again unless the
    /// institution frees that lot. A whole return asked again answers the rows of the first.
    pub async fn return_sale(&self, call: Call<ReturnSale>) -> Result<Returned, InventoryError> {
        retrying(|| self.try_return(&call)).await
    }

    async fn try_return(&self, call: &Call<ReturnSale>) -> Result<Returned, InventoryError> {
        let work = match self.db.begin::<Returned>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let ReturnSale { order_id, scans } = &call.body;
        let mut reservation = self.existing(&work, order_id).await?;
        let sales = store::movement::of_order(work.tx(), order_id, MovementKind::Sale).await?;
        let mut returns = store::movement::of_order(work.tx(), order_id, MovementKind::SaleReturn).await?;
        match reservation.state {
            ReservationState::Committed => {}
            ReservationState::Returned if scans.is_empty() => {
                return Ok(work.commit(Returned { reservation, returns }).await?);
            }
            ReservationState::Returned => {}
            other => return Err(InventoryError::ReservationState(other)),
        }
        let portions = give_back::plan(&sales, &returns, scans).map_err(InventoryError::Return)?;
        let fresh = self.take_back(&work, call, &reservation, &sales, &portions).await?;
        returns.extend(fresh.iter().cloned());
        if give_back::outstanding(&sales, &returns).is_empty() {
            reservation.state = ReservationState::Returned;
            store::reservation::save(work.tx(), &reservation).await?;
        }
        let event = events::stock_returned(&reservation, &fresh, call.meta.now);
        work.push(&event, order_id).await?;
        Ok(work.commit(Returned { reservation, returns: fresh }).await?)
    }

    async fn take_back(
        &self,
        work: &Work,
        call: &Call<ReturnSale>,
        reservation: &Reservation,
        sales: &[Movement],
        portions: &[Portion],
    ) -> Result<Vec<Movement>, InventoryError> {
        let mut rows = Vec::new();
        let mut back: BTreeMap<String, Quantity> = BTreeMap::new();
        let targets = self.return_lots(work, reservation, portions).await?;
        for portion in portions {
            let target = targets.get(&portion.lot_id).ok_or(InventoryError::Corrupt("sold lot"))?;
            let sold = sales.iter().find(|row| row.sale.line_no == portion.line_no);
            let sold = sold.ok_or(InventoryError::Corrupt("sale"))?;
            let (order_id, codes) = (&reservation.order_id, &portion.trace_codes);
            let reopened = store::trace::take_back(work.tx(), order_id, &target.lot_id, codes).await?;
            if usize::try_from(reopened) != Ok(codes.len()) {
                return Err(InventoryError::lost_race());
            }
            *back.entry(target.lot_id.clone()).or_default() += portion.quantity;
            let movement_id = self.ids.next("mov");
            rows.push(Movement {
                fixmedins_bchno: movement_id.clone(),
                movement_id,
                kind: MovementKind::SaleReturn,
                lot_id: target.lot_id.clone(),
                manu_lotnum: target.manu_lotnum.clone(),
                quantity: portion.quantity,
                at: call.meta.now,
                trace_codes: codes.clone(),
                ..sold.clone()
            });
        }
        let change = |(lot_id, on_hand)| Change { lot_id, on_hand, reserved: Quantity::ZERO };
        let changes: Vec<Change> = back.into_iter().map(change).collect();
        store::lot::change(work.tx(), &changes).await?;
        store::movement::insert(work.tx(), &rows).await?;
        Ok(rows)
    }

    /// For each sold lot the held lot its packs come back into; opened where there is none. What is recalled stays so, and what
    /// comes back of a recalled lot is recalled.
    async fn return_lots(
        &self,
        work: &Work,
        reservation: &Reservation,
        portions: &[Portion],
    ) -> Result<BTreeMap<String, Lot>, InventoryError> {
        let ids = unique(portions.iter().map(|portion| &portion.lot_id));
        let sold = store::lot::by_ids(work.tx(), &ids).await?;
        let fresh = |lot: &Lot| Lot {
            lot_id: self.ids.next("lot"),
            origin: lot.origin.taken_back(),
            on_hand: Quantity::ZERO,
            reserved: Quantity::ZERO,
            state: if lot.state == LotState::Recalled { LotState::Recalled } else { LotState::Held },
            ..lot.clone()
        };
        store::lot::insert(work.tx(), &sold.iter().map(fresh).collect::<Vec<_>>()).await?;
        let drugs = unique(sold.iter().map(|lot| &lot.med_list_codg));
        let present = store::lot::of(work.tx(), &reservation.fixmedins_code, &drugs).await?;
        let mut targets = BTreeMap::new();
        for lot in sold {
            let same = |other: &&Lot| {
                other.med_list_codg == lot.med_list_codg
                    && other.manu_lotnum == lot.manu_lotnum
                    && other.origin == lot.origin.taken_back()
            };
            let target = present.iter().find(same).ok_or_else(InventoryError::lost_race)?;
            store::lot::take_back(work.tx(), &target.lot_id, &lot.lot_id, WHY_HELD).await?;
            targets.insert(lot.lot_id.clone(), target.clone());
        }
        Ok(targets)
    }
}
