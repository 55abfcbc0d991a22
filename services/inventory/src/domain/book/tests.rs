use proptest::prelude::*;
use time::macros::date;

use super::super::drug::samples::{AMLODIPINE, OTHER_DRUG, drug};
use super::super::lot::samples::SHOP;
use super::*;

fn book() -> Book {
    let mut other = drug(OTHER_DRUG, "甲厂", "0.5g", 20);
    other.trace_prefix = "8299999".into();
    Book::new(SHOP, vec![drug(AMLODIPINE, "甲厂", "5mg", 28), other], vec![], vec![], HashMap::new())
}

fn code(serial: u32) -> String {
    format!("8123456{serial:013}")
}

fn row(key: &str, kind: MovementKind, packs: i64, codes: &[u32]) -> Row {
    Row {
        fixmedins_bchno: key.into(),
        kind,
        med_list_codg: AMLODIPINE.into(),
        manu_lotnum: "B26".into(),
        manu_date: None,
        expy_end: Some(date!(2027 - 12 - 31)),
        quantity: Quantity::whole(packs),
        purchase_price: None,
        supplier: String::new(),
        trace_codes: codes.iter().map(|serial| code(*serial)).collect(),
        at: Timestamp(0),
    }
}

fn ids(name: &str) -> RowIds {
    RowIds { movement_id: format!("mov-{name}"), lot_id: format!("lot-{name}") }
}

fn take(book: &mut Book, row: &Row) -> Result<Outcome, RowReason> {
    let ids = ids(&row.fixmedins_bchno);
    book.apply(row, ids)
}

use MovementKind::*;

#[test]
fn a_row_key_is_taken_once() {
    let mut book = book();
    let first = row("1", Purchase, 2, &[1, 2]);
    assert_eq!(take(&mut book, &first), Ok(Outcome::Taken));
    assert_eq!(take(&mut book, &first), Ok(Outcome::Known));
    assert_eq!(take(&mut book, &row("1", Purchase, 3, &[3, 4, 5])), Err(RowReason::RowKeyReused));
    assert_eq!(book.movements().len(), 1);
}

#[test]
fn codes_are_one_per_pack_of_the_right_drug_and_unknown_before() {
    let mut book = book();
    assert_eq!(take(&mut book, &row("1", Purchase, 2, &[1])), Err(RowReason::TraceCodeCount));
    assert_eq!(take(&mut book, &row("1", Purchase, 2, &[1, 1])), Err(RowReason::TraceCodeCount));
    let mut wrong = row("1", Purchase, 1, &[1]);
    wrong.med_list_codg = OTHER_DRUG.into();
    assert_eq!(take(&mut book, &wrong), Err(RowReason::TraceCodeMismatch));
    wrong.med_list_codg = "nothing".into();
    assert_eq!(take(&mut book, &wrong), Err(RowReason::DrugNotFound));
    let mut short = row("1", Purchase, 1, &[1]);
    short.trace_codes = vec!["6901234567892".into()];
    assert_eq!(take(&mut book, &short), Err(RowReason::TraceCodeInvalid));
    assert_eq!(take(&mut book, &row("1", Purchase, 1, &[1])), Ok(Outcome::Taken));
    assert_eq!(take(&mut book, &row("2", Purchase, 1, &[1])), Err(RowReason::TraceCodeKnown));
}

#[test]
fn stock_never_goes_below_zero_and_codes_leave_with_their_packs() {
    let mut book = book();
    take(&mut book, &row("1", Purchase, 2, &[1, 2])).unwrap();
    assert_eq!(take(&mut book, &row("2", Loss, 1, &[])), Err(RowReason::TraceCodeCount));
    assert_eq!(take(&mut book, &row("2", Loss, 1, &[9])), Err(RowReason::TraceCodeUnknown));
    assert_eq!(take(&mut book, &row("2", Destroyed, 1, &[1])), Ok(Outcome::Taken));
    assert_eq!(take(&mut book, &row("3", Destroyed, 1, &[1])), Err(RowReason::TraceCodeUnknown));
    take(&mut book, &row("4", Purchase, 3, &[])).unwrap();
    assert_eq!(take(&mut book, &row("5", Loss, 4, &[])), Err(RowReason::ShortStock));
    assert_eq!(take(&mut book, &row("6", Loss, 3, &[])), Ok(Outcome::Taken));
}

#[test]
fn reserved_packs_cannot_be_written_off() {
    let mut lot = super::super::lot::samples::lot("L", AMLODIPINE, date!(2027 - 12 - 31), 3, Origin::Uncoded);
    (lot.manu_lotnum, lot.reserved) = ("B26".into(), Quantity::whole(2));
    let drugs = vec![drug(AMLODIPINE, "甲厂", "5mg", 28)];
    let mut book = Book::new(SHOP, drugs, vec![lot], vec![], HashMap::new());
    assert_eq!(take(&mut book, &row("1", Loss, 2, &[])), Err(RowReason::ShortStock));
    assert_eq!(take(&mut book, &row("2", Loss, 1, &[])), Ok(Outcome::Taken));
}

#[test]
fn a_lot_number_has_one_expiry_date() {
    let mut book = book();
    take(&mut book, &row("1", Purchase, 1, &[1])).unwrap();
    let mut other = row("2", Purchase, 1, &[2]);
    other.expy_end = Some(date!(2028 - 12 - 31));
    assert_eq!(take(&mut book, &other), Err(RowReason::LotMismatch));
}

proptest! {
    /// Whatever is reported, the lots hold exactly what the ledger rows add up to, and never less than nothing.
    #[test]
    fn the_ledger_and_the_lots_agree(
        rows in prop::collection::vec((0_u8..6, prop::collection::vec(0_u32..12, 0..4), 1_i64..4, any::<bool>()), 1..40)
    ) {
        let mut book = book();
        for (index, (kind, serials, packs, coded)) in rows.into_iter().enumerate() {
            let kind = [Purchase, TransferIn, Gain, Loss, Destroyed, TransferOut][usize::from(kind)];
            let packs = if coded { i64::try_from(serials.len()).unwrap().max(1) } else { packs };
            let _ = take(&mut book, &row(&index.to_string(), kind, packs, if coded { &serials } else { &[] }));
        }
        let ledger: Quantity = book.movements().iter().map(|movement| movement.quantity).sum();
        let lots: Quantity = book.lots.values().map(|entry| entry.lot.on_hand).sum();
        prop_assert_eq!(ledger, lots);
        prop_assert!(book.lots.values().all(|entry| entry.lot.on_hand >= Quantity::ZERO));
        let coded: Quantity =
            book.lots.values().filter(|entry| entry.lot.origin.has_codes()).map(|entry| entry.lot.on_hand).sum();
        let in_stock = book.codes.values().filter(|entry| entry.record.state == TraceState::InStock).count();
        prop_assert_eq!(coded, Quantity::whole(i64::try_from(in_stock).unwrap()));
    }
}
