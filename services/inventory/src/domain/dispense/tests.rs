use time::macros::date;

use super::super::drug::samples::{AMLODIPINE, OTHER_DRUG};
use super::super::lot::samples::{SHOP, lot};
use super::super::lot::{LotState, Origin};
use super::*;

const TODAY: Date = date!(2026 - 11 - 22);

struct Shop {
    codes: HashMap<String, TraceRecord>,
    lots: BTreeMap<String, Lot>,
    prefixes: HashMap<String, String>,
}

fn code(serial: u32) -> String {
    format!("8123456{serial:013}")
}

fn record(serial: u32, lot_id: &str, state: TraceState) -> TraceRecord {
    TraceRecord {
        code: code(serial),
        med_list_codg: AMLODIPINE.into(),
        fixmedins_code: SHOP.into(),
        lot_id: lot_id.into(),
        state,
        order_id: String::new(),
        gone_by: None,
        version: 1,
    }
}

/// Lot A (coded, packs 1..=3), lot B (coded, packs 4..=6), lot N (no codes, 2 packs).
fn shop() -> Shop {
    let lots = [
        lot("A", AMLODIPINE, date!(2027 - 01 - 31), 3, Origin::Coded),
        lot("B", AMLODIPINE, date!(2027 - 06 - 30), 3, Origin::Coded),
        lot("N", AMLODIPINE, date!(2027 - 03 - 31), 2, Origin::Uncoded),
    ];
    let in_lot = |serial: u32| if serial <= 3 { "A" } else { "B" };
    Shop {
        codes: (1..=6).map(|n| (code(n), record(n, in_lot(n), TraceState::InStock))).collect(),
        lots: lots.into_iter().map(|lot| (lot.lot_id.clone(), lot)).collect(),
        prefixes: HashMap::from([(AMLODIPINE.to_owned(), "8123456".to_owned())]),
    }
}

impl Shop {
    fn plan(&self, packs: i64, scanned: &[u32]) -> Result<Vec<Portion>, ScanRefusal> {
        self.plan_codes(packs, scanned.iter().map(|serial| code(*serial)).collect())
    }

    fn plan_codes(&self, packs: i64, trace_codes: Vec<String>) -> Result<Vec<Portion>, ScanRefusal> {
        self.plan_until(packs, trace_codes, None)
    }

    fn plan_until(
        &self,
        packs: i64,
        trace_codes: Vec<String>,
        used_up: Option<Date>,
    ) -> Result<Vec<Portion>, ScanRefusal> {
        let line = Line {
            line_no: 1,
            med_list_codg: AMLODIPINE.into(),
            quantity: Quantity::whole(packs),
            price: "1".parse().unwrap(),
            used_up,
        };
        let counter = Counter {
            institution: SHOP,
            today: TODAY,
            codes: &self.codes,
            lots: &self.lots,
            prefixes: &self.prefixes,
        };
        plan(&counter, &[line], &[], &[Scan { line_no: 1, trace_codes, self_paid: false }])
    }
}

fn shown(portions: Result<Vec<Portion>, ScanRefusal>) -> String {
    let text = |p: &Portion| format!("{}:{}/{}", p.lot_id, p.quantity, p.trace_codes.len());
    portions.unwrap().iter().map(text).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_sale_follows_the_scanned_packs() {
    assert_eq!(shown(shop().plan(3, &[2, 5, 6])), "A:1/1 B:2/2");
}

#[test]
fn what_is_not_scanned_comes_from_the_no_code_list() {
    assert_eq!(shown(shop().plan(3, &[1])), "A:1/1 N:2/0");
    let refused = shop().plan(3, &[]).unwrap_err();
    assert_eq!(refused, ScanRefusal::Count { line_no: 1, wanted: Quantity::whole(3), scanned: 0 });
}

#[test]
fn one_distinct_code_per_pack() {
    let counted = |refused| matches!(refused, Err(ScanRefusal::Count { .. }));
    assert!(counted(shop().plan(1, &[1, 2])), "too many");
    assert!(counted(shop().plan(2, &[1, 1])), "one code twice");
}

#[test]
fn a_code_is_in_stock_here_and_of_this_drug() {
    let mut shop = shop();
    shop.codes.insert(code(1), record(1, "A", TraceState::Dispensed));
    shop.codes.insert(code(2), record(2, "A", TraceState::Returned));
    shop.codes.insert(
        code(3),
        TraceRecord { fixmedins_code: "P13030200099".into(), ..record(3, "A", TraceState::InStock) },
    );
    shop.codes.insert(
        code(4),
        TraceRecord { med_list_codg: OTHER_DRUG.into(), ..record(4, "B", TraceState::InStock) },
    );
    let line_no = 1;
    let refused = |serial| shop.plan(1, &[serial]).unwrap_err();
    assert_eq!(refused(1), ScanRefusal::Sold { line_no, code: code(1), sold_by: SHOP.into() });
    assert_eq!(refused(2), ScanRefusal::Unknown { line_no, code: code(2) });
    assert_eq!(refused(3), ScanRefusal::Unknown { line_no, code: code(3) });
    assert_eq!(refused(4), ScanRefusal::Mismatch { line_no, code: code(4) });
    assert_eq!(refused(99), ScanRefusal::Unknown { line_no, code: code(99) });
    let foreign = "82999990000000000001".to_owned();
    let unknown = shop.plan_codes(1, vec![foreign.clone()]).unwrap_err();
    assert_eq!(unknown, ScanRefusal::Mismatch { line_no, code: foreign });
}

#[test]
fn packs_last_until_the_supply_is_used_up() {
    let shop = shop();
    let until = |day, serials: &[u32]| {
        shop.plan_until(2, serials.iter().map(|serial| code(*serial)).collect(), Some(day))
    };
    assert_eq!(shown(until(date!(2027 - 01 - 31), &[1, 4])), "A:1/1 B:1/1");
    let early = ScanRefusal::ExpiresEarly { line_no: 1, lot_id: "A".into() };
    assert_eq!(until(date!(2027 - 02 - 01), &[1, 4]), Err(early));
    // packs without codes are chosen for the line, and must last as well
    assert_eq!(shown(until(date!(2027 - 03 - 31), &[])), "N:2/0");
    assert!(matches!(until(date!(2027 - 04 - 01), &[]), Err(ScanRefusal::Count { .. })));
}

#[test]
fn expired_and_blocked_lots_stay_even_when_scanned() {
    let mut shop = shop();
    shop.lots.get_mut("A").unwrap().expy_end = TODAY;
    shop.lots.get_mut("B").unwrap().state = LotState::Recalled;
    shop.lots.get_mut("N").unwrap().state = LotState::Held;
    assert_eq!(shop.plan(1, &[1]), Err(ScanRefusal::Expired { line_no: 1, lot_id: "A".into() }));
    assert_eq!(shop.plan(1, &[4]), Err(ScanRefusal::Blocked { line_no: 1, lot_id: "B".into() }));
    assert!(matches!(shop.plan(1, &[]), Err(ScanRefusal::Count { .. })));
}
