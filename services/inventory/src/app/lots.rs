//! Reading stock, the ledger and trace codes; blocking and freeing lots.

use liufang_platform::{AuthFault, Begun, Call, PrincipalKind};

use super::{App, institution, today};
use crate::domain::stock::{self, StockLevel};
use crate::domain::{Lot, LotState, Movement, Origin, TraceRecord};
use crate::error::InventoryError;
use crate::store;

/// A list of the ledger as asked.
#[derive(Clone, Debug)]
pub struct ListMovements {
    /// Empty: the caller's own.
    pub institution: String,
    pub order_id: String,
    pub med_list_codg: String,
    /// Time and id of the last row seen.
    pub before: Option<(i64, String)>,
    pub page_size: usize,
}

/// A page of the ledger.
pub type MovementPage = super::Page<Movement>;

/// A lot to block or free.
#[derive(Clone, Debug)]
pub struct SetLotState {
    pub lot_id: String,
    pub state: LotState,
    pub reason: String,
}

/// What is known of a trace code.
#[derive(Debug)]
pub struct TraceStory {
    pub record: TraceRecord,
    pub movements: Vec<Movement>,
}

impl App {
    /// Stock of the calling institution, by drug; of all drugs when none is named.
    pub async fn get_stock(&self, call: Call<Vec<String>>) -> Result<Vec<StockLevel>, InventoryError> {
        let institution = call.meta.principal.institution()?;
        let lots = store::lot::of(self.db.read(), institution, &call.body).await?;
        Ok(stock::levels(lots, today(&call)))
    }

    /// The ledger of one institution, newest first.
    pub async fn list_movements(&self, call: Call<ListMovements>) -> Result<MovementPage, InventoryError> {
        let institution = institution(&self.regions, &call.meta, &call.body.institution)?.to_owned();
        let ask = call.body;
        let filter = store::movement::Filter {
            institution,
            order_id: ask.order_id,
            med_list_codg: ask.med_list_codg,
            before: ask.before,
            limit: ask.page_size as u64 + 1,
        };
        let mut items = store::movement::list(self.db.read(), &filter).await?;
        let more = ask.page_size < items.len();
        items.truncate(ask.page_size);
        let next = items.last().filter(|_| more);
        let next = next.map(|row| format!("{}|{}", row.at.0, row.movement_id)).unwrap_or_default();
        Ok(MovementPage { items, next })
    }

    /// Blocks or frees a lot of the caller's institution; operators any. Freeing a lot of returned packs puts their
    /// trace codes back in stock, once.
    pub async fn set_lot_state(&self, call: Call<SetLotState>) -> Result<Lot, InventoryError> {
        let own = match call.meta.principal.kind {
            PrincipalKind::Operator => "",
            PrincipalKind::His | PrincipalKind::Pos => call.meta.principal.institution()?,
            _ => return Err(AuthFault::NotAllowed.into()),
        };
        let work = match self.db.begin::<Lot>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let SetLotState { lot_id, state, reason } = &call.body;
        let lot = store::lot::set_state(work.tx(), lot_id, own, *state, reason).await?;
        let lot = lot.ok_or_else(|| InventoryError::LotNotFound { lot_id: lot_id.clone() })?;
        if lot.state == LotState::Ok && lot.origin == Origin::Returned {
            store::trace::reopen_lot(work.tx(), lot_id).await?;
        }
        Ok(work.commit(lot).await?)
    }

    /// The story of a trace code. Institutions see their own movements, agencies and supervisors all.
    pub async fn get_trace_code(&self, call: Call<String>) -> Result<TraceStory, InventoryError> {
        let principal = &call.meta.principal;
        let own = match principal.kind {
            PrincipalKind::His | PrincipalKind::Pos => principal.institution()?,
            _ => "",
        };
        let found = store::trace::by_codes(self.db.read(), std::slice::from_ref(&call.body)).await?;
        let record = found.into_iter().next().ok_or(InventoryError::TraceCodeNotFound)?;
        let movements = store::movement::of_code(self.db.read(), &call.body, own).await?;
        Ok(TraceStory { record, movements })
    }
}
