//! What comes back from a sale. Every pack comes back at most once.

use std::collections::{BTreeMap, HashSet};

use liufang_kernel::Quantity;

use super::dispense::{Portion, Scan};
use super::movement::Movement;

/// Why a return is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReturnRefusal {
    /// The code was not sold by this order on this line.
    NotSoldHere { line_no: i32, code: String },
    /// The code came back before.
    CameBack { line_no: i32, code: String },
    /// Nothing of the line is left to come back.
    NothingLeft { line_no: i32 },
}

/// What is still with the customer, by line, lot number and whether the packs have codes. Returned packs stand in a lot of
/// their own, so the lot number ties a return to its sale.
pub fn outstanding(sales: &[Movement], returns: &[Movement]) -> Vec<Portion> {
    let key = |row: &Movement| (row.sale.line_no, row.manu_lotnum.clone(), row.trace_codes.is_empty());
    let mut open: BTreeMap<(i32, String, bool), Portion> = BTreeMap::new();
    for row in sales {
        let portion = open.entry(key(row)).or_insert_with(|| Portion {
            line_no: row.sale.line_no,
            lot_id: row.lot_id.clone(),
            quantity: Quantity::ZERO,
            trace_codes: Vec::new(),
        });
        portion.quantity -= row.quantity;
        portion.trace_codes.extend(row.trace_codes.iter().cloned());
    }
    for row in returns {
        let back: HashSet<&String> = row.trace_codes.iter().collect();
        if let Some(portion) = open.get_mut(&key(row)) {
            portion.quantity -= row.quantity;
            portion.trace_codes.retain(|code| !back.contains(code));
        }
    }
    open.into_values().filter(|portion| portion.quantity.is_positive()).collect()
}

/// Chooses what comes back. No scans: everything outstanding. A scan without codes: what is outstanding of a line that
/// was sold without codes.
pub fn plan(sales: &[Movement], returns: &[Movement], scans: &[Scan]) -> Result<Vec<Portion>, ReturnRefusal> {
    let open = outstanding(sales, returns);
    if scans.is_empty() {
        return Ok(open);
    }
    let mut back = Vec::new();
    let mut seen = HashSet::new();
    for scan in scans {
        if scan.trace_codes.is_empty() {
            let uncoded =
                |portion: &&Portion| portion.line_no == scan.line_no && portion.trace_codes.is_empty();
            let before = back.len();
            back.extend(open.iter().filter(uncoded).cloned());
            if back.len() == before {
                return Err(ReturnRefusal::NothingLeft { line_no: scan.line_no });
            }
        }
        for code in &scan.trace_codes {
            let (line_no, code) = (scan.line_no, code.clone());
            let holds =
                |portion: &&Portion| portion.line_no == line_no && portion.trace_codes.contains(&code);
            let Some(portion) = open.iter().find(holds) else {
                let came_back = returns.iter().any(|row| row.trace_codes.contains(&code));
                return Err(if came_back {
                    ReturnRefusal::CameBack { line_no, code }
                } else {
                    ReturnRefusal::NotSoldHere { line_no, code }
                });
            };
            if !seen.insert(code.clone()) {
                return Err(ReturnRefusal::CameBack { line_no, code });
            }
            back.push(Portion {
                line_no,
                lot_id: portion.lot_id.clone(),
                quantity: Quantity::whole(1),
                trace_codes: vec![code],
            });
        }
    }
    Ok(merged(back))
}

/// One portion per line and lot.
fn merged(portions: Vec<Portion>) -> Vec<Portion> {
    let mut merged: BTreeMap<(i32, String, bool), Portion> = BTreeMap::new();
    for portion in portions {
        let key = (portion.line_no, portion.lot_id.clone(), portion.trace_codes.is_empty());
        match merged.get_mut(&key) {
            // a line without codes comes back once, however often it is named
            Some(_) if portion.trace_codes.is_empty() => {}
            Some(same) => {
                same.quantity += portion.quantity;
                same.trace_codes.extend(portion.trace_codes);
            }
            None => {
                merged.insert(key, portion);
            }
        }
    }
    merged.into_values().collect()
}

#[cfg(test)]
mod tests {
    use liufang_kernel::Timestamp;

    use super::super::movement::{MovementKind, Sale};
    use super::*;

    fn row(kind: MovementKind, line_no: i32, lot: &str, packs: i64, codes: &[&str]) -> Movement {
        let quantity = Quantity::whole(if kind.is_in() { packs } else { -packs });
        Movement {
            movement_id: format!("{kind:?}-{line_no}-{lot}"),
            fixmedins_bchno: String::new(),
            kind,
            fixmedins_code: "P13030200001".into(),
            med_list_codg: "X".into(),
            lot_id: lot.into(),
            manu_lotnum: format!("LOT-{lot}"),
            quantity,
            price: None,
            at: Timestamp(0),
            supplier: String::new(),
            sale: Sale { line_no, ..Sale::default() },
            trace_codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        }
    }

    fn scan(line_no: i32, codes: &[&str]) -> Scan {
        let trace_codes = codes.iter().map(|code| (*code).to_owned()).collect();
        Scan { line_no, trace_codes, self_paid: false }
    }

    fn sold() -> Vec<Movement> {
        use MovementKind::Sale;
        vec![row(Sale, 1, "A", 2, &["c1", "c2"]), row(Sale, 1, "B", 1, &["c3"]), row(Sale, 2, "N", 4, &[])]
    }

    #[test]
    fn the_whole_order_by_default() {
        let back = plan(&sold(), &[], &[]).unwrap();
        let total: Quantity = back.iter().map(|portion| portion.quantity).sum();
        assert_eq!((back.len(), total), (3, Quantity::whole(7)));
    }

    #[test]
    fn a_pack_comes_back_once() {
        let back = plan(&sold(), &[], &[scan(1, &["c1", "c3"])]).unwrap();
        assert_eq!(back.len(), 2);
        let mut returned = row(MovementKind::SaleReturn, 1, "A", 1, &["c1"]);
        returned.lot_id = "A-returned".into();
        let returns = [returned];
        let again = plan(&sold(), &returns, &[scan(1, &["c1"])]).unwrap_err();
        assert_eq!(again, ReturnRefusal::CameBack { line_no: 1, code: "c1".into() });
        let twice = plan(&sold(), &[], &[scan(1, &["c2", "c2"])]).unwrap_err();
        assert_eq!(twice, ReturnRefusal::CameBack { line_no: 1, code: "c2".into() });
        let foreign = plan(&sold(), &[], &[scan(1, &["c9"])]).unwrap_err();
        assert_eq!(foreign, ReturnRefusal::NotSoldHere { line_no: 1, code: "c9".into() });
        let rest = plan(&sold(), &returns, &[]).unwrap();
        assert_eq!(rest.iter().map(|portion| portion.quantity).sum::<Quantity>(), Quantity::whole(6));
    }

    #[test]
    fn lines_without_codes_come_back_whole() {
        let back = plan(&sold(), &[], &[scan(2, &[]), scan(2, &[])]).unwrap();
        assert_eq!(back.iter().map(|portion| portion.quantity).sum::<Quantity>(), Quantity::whole(4));
        let refused = plan(&sold(), &[], &[scan(1, &[])]).unwrap_err();
        assert_eq!(refused, ReturnRefusal::NothingLeft { line_no: 1 });
    }
}
