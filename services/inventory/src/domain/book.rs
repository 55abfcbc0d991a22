//! The stock book of one institution while a batch of reported movements is taken.
//!
//! Every row is decided against what the earlier rows left behind; a refused row changes nothing. The caller loads what
//! the rows name, applies them, and writes the changes in a few statements.

use std::collections::{BTreeMap, HashMap, HashSet};

use liufang_kernel::codes;
use liufang_kernel::{Quantity, Timestamp};

use super::drug::Drug;
use super::lot::{Lot, LotState, Origin};
use super::movement::{Movement, MovementKind, Row, Sale};
use super::trace::{self, TraceRecord, TraceState};

/// Why a row is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowReason {
    /// The same row key stands for something else.
    RowKeyReused,
    DrugNotFound,
    /// The same lot number is known with another expiry date.
    LotMismatch,
    LotNotFound,
    ShortStock,
    TraceCodeInvalid,
    TraceCodeCount,
    TraceCodeMismatch,
    /// Already somewhere, or sold.
    TraceCodeKnown,
    TraceCodeUnknown,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    /// The row key was taken before with the same content.
    Known,
}

/// Fresh ids for one row.
#[derive(Clone, Debug)]
pub struct RowIds {
    pub movement_id: String,
    /// Used when the row opens a lot.
    pub lot_id: String,
}

/// What is compared when a row key comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRow {
    pub kind: MovementKind,
    pub med_list_codg: String,
    pub manu_lotnum: String,
    /// Signed.
    pub quantity: Quantity,
}

type LotKey = (String, String, Origin);

/// A lot and what the batch did to it.
#[derive(Clone, Debug)]
pub struct LotEntry {
    pub lot: Lot,
    pub delta: Quantity,
    pub is_new: bool,
}

/// A code and what the batch did to it.
#[derive(Clone, Debug)]
pub struct CodeEntry {
    pub record: TraceRecord,
    pub is_new: bool,
    pub changed: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Book {
    institution: String,
    drugs: HashMap<String, Drug>,
    lots: BTreeMap<LotKey, LotEntry>,
    codes: HashMap<String, CodeEntry>,
    known: HashMap<String, KnownRow>,
    movements: Vec<Movement>,
}

impl Book {
    /// The book as loaded: drugs, lots and codes that the rows name, and row keys that are known already.
    pub fn new(
        institution: &str,
        drugs: Vec<Drug>,
        lots: Vec<Lot>,
        codes: Vec<TraceRecord>,
        known: HashMap<String, KnownRow>,
    ) -> Book {
        let entry = |lot: Lot| {
            let key = (lot.med_list_codg.clone(), lot.manu_lotnum.clone(), lot.origin);
            (key, LotEntry { lot, delta: Quantity::ZERO, is_new: false })
        };
        let code =
            |record: TraceRecord| (record.code.clone(), CodeEntry { record, is_new: false, changed: false });
        Book {
            institution: institution.to_owned(),
            drugs: drugs.into_iter().map(|drug| (drug.med_list_codg.clone(), drug)).collect(),
            lots: lots.into_iter().map(entry).collect(),
            codes: codes.into_iter().map(code).collect(),
            known,
            movements: Vec::new(),
        }
    }

    /// Takes one row.
    pub fn apply(&mut self, row: &Row, ids: RowIds) -> Result<Outcome, RowReason> {
        let signed = if row.kind.is_in() { row.quantity } else { Quantity::ZERO - row.quantity };
        let content = KnownRow {
            kind: row.kind,
            med_list_codg: row.med_list_codg.clone(),
            manu_lotnum: row.manu_lotnum.clone(),
            quantity: signed,
        };
        if let Some(known) = self.known.get(&row.fixmedins_bchno) {
            return if *known == content { Ok(Outcome::Known) } else { Err(RowReason::RowKeyReused) };
        }
        self.check_codes(row)?;
        let lot_id = if row.kind.is_in() { self.take_in(row, &ids)? } else { self.take_out(row)? };
        self.known.insert(row.fixmedins_bchno.clone(), content);
        self.movements.push(Movement {
            movement_id: ids.movement_id,
            fixmedins_bchno: row.fixmedins_bchno.clone(),
            kind: row.kind,
            fixmedins_code: self.institution.clone(),
            med_list_codg: row.med_list_codg.clone(),
            lot_id,
            manu_lotnum: row.manu_lotnum.clone(),
            quantity: signed,
            price: row.purchase_price,
            at: row.at,
            supplier: row.supplier.clone(),
            sale: Sale::default(),
            trace_codes: row.trace_codes.clone(),
        });
        Ok(Outcome::Taken)
    }

    /// What can be said of the codes by themselves: shape, prefix, distinct, one per whole pack.
    fn check_codes(&self, row: &Row) -> Result<(), RowReason> {
        let drug = self.drugs.get(&row.med_list_codg).ok_or(RowReason::DrugNotFound)?;
        if row.trace_codes.is_empty() {
            return Ok(());
        }
        for code in &row.trace_codes {
            if codes::trace_family(code).is_none() {
                return Err(RowReason::TraceCodeInvalid);
            }
            if !trace::fits_prefix(code, &drug.trace_prefix) {
                return Err(RowReason::TraceCodeMismatch);
            }
        }
        let distinct: HashSet<&String> = row.trace_codes.iter().collect();
        let packs = row.quantity.as_whole().and_then(|packs| usize::try_from(packs).ok());
        if packs != Some(row.trace_codes.len()) || distinct.len() != row.trace_codes.len() {
            return Err(RowReason::TraceCodeCount);
        }
        Ok(())
    }

    fn take_in(&mut self, row: &Row, ids: &RowIds) -> Result<String, RowReason> {
        let free = |code: &String| match self.codes.get(code) {
            Some(entry) => entry.record.may_come_in(&self.institution, row.kind),
            None => true,
        };
        if !row.trace_codes.iter().all(free) {
            return Err(RowReason::TraceCodeKnown);
        }
        let origin = if row.trace_codes.is_empty() { Origin::Uncoded } else { Origin::Coded };
        let expy_end = row.expy_end.ok_or(RowReason::LotMismatch)?;
        let sharing = [Origin::Coded, Origin::Uncoded];
        let differs = |origin| {
            let key = (row.med_list_codg.clone(), row.manu_lotnum.clone(), origin);
            self.lots.get(&key).is_some_and(|entry| entry.lot.expy_end != expy_end)
        };
        if sharing.into_iter().any(differs) {
            return Err(RowReason::LotMismatch);
        }
        let key = (row.med_list_codg.clone(), row.manu_lotnum.clone(), origin);
        let institution = self.institution.clone();
        let entry = self.lots.entry(key).or_insert_with(|| LotEntry {
            lot: Lot {
                lot_id: ids.lot_id.clone(),
                fixmedins_code: institution,
                med_list_codg: row.med_list_codg.clone(),
                manu_lotnum: row.manu_lotnum.clone(),
                origin,
                manu_date: row.manu_date,
                expy_end,
                on_hand: Quantity::ZERO,
                reserved: Quantity::ZERO,
                state: LotState::Ok,
            },
            delta: Quantity::ZERO,
            is_new: true,
        });
        entry.lot.on_hand += row.quantity;
        entry.delta += row.quantity;
        let lot_id = entry.lot.lot_id.clone();
        for code in &row.trace_codes {
            self.code_came_in(code, &row.med_list_codg, &lot_id);
        }
        Ok(lot_id)
    }

    fn code_came_in(&mut self, code: &str, drug: &str, lot_id: &str) {
        let is_new = !self.codes.contains_key(code);
        let version = self.codes.get(code).map_or(1, |entry| entry.record.version);
        let record = TraceRecord {
            code: code.to_owned(),
            med_list_codg: drug.to_owned(),
            fixmedins_code: self.institution.clone(),
            lot_id: lot_id.to_owned(),
            state: TraceState::InStock,
            order_id: String::new(),
            gone_by: None,
            version,
        };
        let was_new = self.codes.get(code).is_some_and(|entry| entry.is_new);
        self.codes.insert(code.to_owned(), CodeEntry { record, is_new: is_new || was_new, changed: true });
    }

    fn take_out(&mut self, row: &Row) -> Result<String, RowReason> {
        let key = if row.trace_codes.is_empty() { self.uncoded_lot(row)? } else { self.coded_lot(row)? };
        let entry = self.lots.get_mut(&key).ok_or(RowReason::LotNotFound)?;
        if entry.lot.free() < row.quantity {
            return Err(RowReason::ShortStock);
        }
        entry.lot.on_hand -= row.quantity;
        entry.delta -= row.quantity;
        let lot_id = entry.lot.lot_id.clone();
        for code in &row.trace_codes {
            if let Some(entry) = self.codes.get_mut(code) {
                entry.record.state = TraceState::Scrapped;
                entry.record.gone_by = Some(row.kind);
                entry.changed = true;
            }
        }
        Ok(lot_id)
    }

    /// Without codes only packs of the no-code list can leave; otherwise a code would stay behind without its pack.
    fn uncoded_lot(&self, row: &Row) -> Result<LotKey, RowReason> {
        let key = |origin| (row.med_list_codg.clone(), row.manu_lotnum.clone(), origin);
        let candidates = [key(Origin::Uncoded), key(Origin::ReturnedUncoded)];
        let present: Vec<&LotKey> = candidates.iter().filter(|key| self.lots.contains_key(*key)).collect();
        let enough =
            |key: &&&LotKey| self.lots.get(**key).is_some_and(|entry| row.quantity <= entry.lot.free());
        if let Some(found) = present.iter().find(enough).or(present.first()) {
            return Ok((*found).clone());
        }
        let coded = [Origin::Coded, Origin::Returned].into_iter().any(|o| self.lots.contains_key(&key(o)));
        Err(if coded { RowReason::TraceCodeCount } else { RowReason::LotNotFound })
    }

    /// The one lot all codes are in.
    fn coded_lot(&self, row: &Row) -> Result<LotKey, RowReason> {
        let mut found: Option<&LotKey> = None;
        for code in &row.trace_codes {
            let record = &self.codes.get(code).ok_or(RowReason::TraceCodeUnknown)?.record;
            let here = matches!(record.state, TraceState::InStock | TraceState::Returned);
            if !here || record.fixmedins_code != self.institution {
                return Err(RowReason::TraceCodeUnknown);
            }
            if record.med_list_codg != row.med_list_codg {
                return Err(RowReason::TraceCodeMismatch);
            }
            let of_code = self.lots.iter().find(|(_, entry)| entry.lot.lot_id == record.lot_id);
            let (key, _) =
                of_code.filter(|(key, _)| key.1 == row.manu_lotnum).ok_or(RowReason::LotMismatch)?;
            if found.is_some_and(|other| other != key) {
                return Err(RowReason::LotMismatch);
            }
            found = Some(key);
        }
        found.cloned().ok_or(RowReason::TraceCodeCount)
    }

    /// The lots the batch opened or changed.
    pub fn changed_lots(&self) -> impl Iterator<Item = &LotEntry> {
        self.lots.values().filter(|entry| entry.is_new || entry.delta != Quantity::ZERO)
    }

    /// The codes the batch brought in or moved.
    pub fn changed_codes(&self) -> impl Iterator<Item = &CodeEntry> {
        self.codes.values().filter(|entry| entry.changed)
    }

    /// The ledger rows to write, in the order of the batch.
    pub fn movements(&self) -> &[Movement] {
        &self.movements
    }
}

/// The latest moment a reported movement may carry: clocks of shops run a little ahead.
pub fn latest_moment(now: Timestamp) -> Timestamp {
    now.plus_seconds(300)
}

#[cfg(test)]
mod tests;
