//! Which packs leave the shop for an order: the scanned ones, not the ones that were reserved.
//!
//! Reservation holds quantities first expired first out; the pharmacist takes packs from the shelf and scans them. The
//! sale follows the scans. Whatever is not scanned must come from the no-code list (`domain.md` §4.2).

use std::collections::{BTreeMap, HashMap, HashSet};

use liufang_kernel::{Date, Quantity};

use super::lot::Lot;
use super::reservation::{Line, Pick};
use super::trace::{self, TraceRecord, TraceState};

/// Codes scanned for one order line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    pub line_no: i32,
    pub trace_codes: Vec<String>,
    /// The line is outside the insurance.
    pub self_paid: bool,
}

/// Packs of one line from one lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    pub line_no: i32,
    pub lot_id: String,
    pub quantity: Quantity,
    /// Empty for lots without codes.
    pub trace_codes: Vec<String>,
}

/// Why a scan is refused; each names the line and, where one is to blame, the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanRefusal {
    /// Not one distinct code per whole pack.
    Count {
        line_no: i32,
        wanted: Quantity,
        scanned: usize,
    },
    /// Not in stock in this institution.
    Unknown {
        line_no: i32,
        code: String,
    },
    /// Belongs to another drug.
    Mismatch {
        line_no: i32,
        code: String,
    },
    /// Sold before: a pack has one sale in its life.
    Sold {
        line_no: i32,
        code: String,
        sold_by: String,
    },
    Expired {
        line_no: i32,
        lot_id: String,
    },
    /// Good today, but not until the supply of the line is used up.
    ExpiresEarly {
        line_no: i32,
        lot_id: String,
    },
    /// Held or recalled.
    Blocked {
        line_no: i32,
        lot_id: String,
    },
}

/// What the shop looks like at the moment of the sale.
#[derive(Debug)]
pub struct Counter<'a> {
    pub institution: &'a str,
    pub today: Date,
    /// Scanned codes that are known, by code.
    pub codes: &'a HashMap<String, TraceRecord>,
    /// Lots of the order's drugs in the institution, by id.
    pub lots: &'a BTreeMap<String, Lot>,
    /// Domestic prefix by drug.
    pub prefixes: &'a HashMap<String, String>,
}

/// Decides what is sold. Count comes before the codes themselves, codes before their lots.
pub fn plan(
    counter: &Counter<'_>,
    lines: &[Line],
    held: &[Pick],
    scans: &[Scan],
) -> Result<Vec<Portion>, ScanRefusal> {
    check_distinct(lines, scans)?;
    let mut portions = Vec::new();
    let mut uncoded = UncodedStock::new(counter, held);
    for line in lines {
        let codes: Vec<&String> = scans
            .iter()
            .filter(|scan| scan.line_no == line.line_no)
            .flat_map(|scan| &scan.trace_codes)
            .collect();
        let scanned = i64::try_from(codes.len()).map_or(Quantity(i64::MAX), Quantity::whole);
        let miscounted =
            || ScanRefusal::Count { line_no: line.line_no, wanted: line.quantity, scanned: codes.len() };
        let rest = line.quantity - scanned;
        if rest < Quantity::ZERO {
            return Err(miscounted());
        }
        portions.extend(scanned_portions(counter, line, &codes)?);
        if rest.is_positive() {
            portions.extend(uncoded.take(line, rest)?.ok_or_else(miscounted)?);
        }
    }
    Ok(portions)
}

/// Scans name lines of the order, and no code twice.
fn check_distinct(lines: &[Line], scans: &[Scan]) -> Result<(), ScanRefusal> {
    let mut seen = HashSet::new();
    for scan in scans {
        let line = lines.iter().find(|line| line.line_no == scan.line_no);
        let wanted = line.map_or(Quantity::ZERO, |line| line.quantity);
        let distinct = scan.trace_codes.iter().all(|code| seen.insert(code));
        if line.is_none() || !distinct {
            let scanned = scan.trace_codes.len();
            return Err(ScanRefusal::Count { line_no: scan.line_no, wanted, scanned });
        }
    }
    Ok(())
}

fn scanned_portions(
    counter: &Counter<'_>,
    line: &Line,
    codes: &[&String],
) -> Result<Vec<Portion>, ScanRefusal> {
    let mut by_lot: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for code in codes {
        let record = check_code(counter, line, code)?;
        by_lot.entry(&record.lot_id).or_default().push((*code).clone());
    }
    let mut portions = Vec::new();
    for (lot_id, trace_codes) in by_lot {
        check_lot(counter, line, lot_id)?;
        let quantity = i64::try_from(trace_codes.len()).map_or(Quantity::ZERO, Quantity::whole);
        portions.push(Portion { line_no: line.line_no, lot_id: lot_id.to_owned(), quantity, trace_codes });
    }
    Ok(portions)
}

fn check_code<'a>(counter: &Counter<'a>, line: &Line, code: &str) -> Result<&'a TraceRecord, ScanRefusal> {
    let line_no = line.line_no;
    let code = code.to_owned();
    let Some(record) = counter.codes.get(&code) else {
        let prefix = counter.prefixes.get(&line.med_list_codg).map_or("", String::as_str);
        return Err(if trace::fits_prefix(&code, prefix) {
            ScanRefusal::Unknown { line_no, code }
        } else {
            ScanRefusal::Mismatch { line_no, code }
        });
    };
    if record.state == TraceState::Dispensed {
        return Err(ScanRefusal::Sold { line_no, code, sold_by: record.fixmedins_code.clone() });
    }
    if record.state != TraceState::InStock || record.fixmedins_code != counter.institution {
        return Err(ScanRefusal::Unknown { line_no, code });
    }
    if record.med_list_codg != line.med_list_codg {
        return Err(ScanRefusal::Mismatch { line_no, code });
    }
    Ok(record)
}

fn check_lot(counter: &Counter<'_>, line: &Line, lot_id: &str) -> Result<(), ScanRefusal> {
    let (line_no, lot_id) = (line.line_no, lot_id.to_owned());
    match counter.lots.get(&lot_id) {
        Some(lot) if lot.is_expired(counter.today) => Err(ScanRefusal::Expired { line_no, lot_id }),
        Some(lot) if !lot.lasts(line.used_up) => Err(ScanRefusal::ExpiresEarly { line_no, lot_id }),
        Some(lot) if lot.is_saleable(counter.today) => Ok(()),
        _ => Err(ScanRefusal::Blocked { line_no, lot_id }),
    }
}

/// Packs without codes that this order may take: what it holds, then what is free, first expired first out.
struct UncodedStock<'a> {
    left: Vec<(&'a Lot, Quantity)>,
    held_expired: HashMap<String, String>,
}

impl<'a> UncodedStock<'a> {
    fn new(counter: &Counter<'a>, held: &[Pick]) -> UncodedStock<'a> {
        let own = |lot: &Lot| -> Quantity {
            held.iter().filter(|pick| pick.lot_id == lot.lot_id).map(|pick| pick.quantity).sum()
        };
        let mut lots: Vec<&'a Lot> = counter.lots.values().filter(|lot| !lot.origin.has_codes()).collect();
        lots.sort_by_key(|lot| (!own(lot).is_positive(), lot.expy_end, lot.lot_id.clone()));
        let expired = |lot: &&&Lot| own(lot).is_positive() && lot.is_expired(counter.today);
        UncodedStock {
            held_expired: lots
                .iter()
                .filter(expired)
                .map(|lot| (lot.med_list_codg.clone(), lot.lot_id.clone()))
                .collect(),
            left: lots
                .iter()
                .filter(|lot| lot.is_saleable(counter.today))
                .map(|lot| (*lot, own(lot) + lot.free()))
                .collect(),
        }
    }

    /// `Ok(None)` when there is not enough: then codes are missing.
    fn take(&mut self, line: &Line, want: Quantity) -> Result<Option<Vec<Portion>>, ScanRefusal> {
        let mut missing = want;
        let mut portions = Vec::new();
        for (lot, left) in &mut self.left {
            let quantity = missing.min(*left);
            let fits = lot.med_list_codg == line.med_list_codg && lot.lasts(line.used_up);
            if fits && quantity.is_positive() {
                *left -= quantity;
                missing -= quantity;
                let (line_no, lot_id) = (line.line_no, lot.lot_id.clone());
                portions.push(Portion { line_no, lot_id, quantity, trace_codes: Vec::new() });
            }
        }
        match self.held_expired.get(&line.med_list_codg) {
            _ if !missing.is_positive() => Ok(Some(portions)),
            Some(lot_id) => Err(ScanRefusal::Expired { line_no: line.line_no, lot_id: lot_id.clone() }),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
