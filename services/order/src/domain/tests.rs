//! The table of state × operation, and the walks through the machine.

use liufang_kernel::{Fen, Quantity, Ratio, Sensitive, Timestamp, UnitPrice};

use super::*;

mod table;
mod walks;

/// An order of a kind in a state.
pub(super) fn order(kind: Kind, state: State) -> Order {
    let fulfilment = if kind == Kind::Consultation { Fulfilment::None } else { Fulfilment::PickUp };
    Order {
        id: "ord_1".to_owned(),
        kind,
        person_id: "per_1".to_owned(),
        platform: String::new(),
        region: "130300".to_owned(),
        fixmedins_code: "P13030200001".to_owned(),
        hi_rxno: String::new(),
        visit_id: String::new(),
        fulfilment,
        state,
        version: 1,
        story: 0,
        steps: 0,
        lines: vec![line(1, 1250, true), line(2, 700, false)],
        pay_by: Timestamp(1_000),
        payers: Payers::default(),
        quote: None,
        payment_id: String::new(),
        setl_id: String::new(),
        delivery_id: String::new(),
        fees: Fees { delivery: Fen(500), packing: Fen(0) },
        cold_chain: false,
        door: None,
        collection_code: Sensitive::default(),
        hand_over_code: Sensitive::default(),
        wrong_codes: 0,
        locked_until: Timestamp::default(),
        sold: Vec::new(),
        recorded: false,
        before: None,
        doomed: String::new(),
        cancel_reason: String::new(),
        return_note: Sensitive::default(),
        created_at: Timestamp::default(),
    }
}

fn line(line_no: u32, fen: i64, hi_mark: bool) -> Line {
    Line {
        line_no,
        med_list_codg: format!("XC08CAB037A00102018051{line_no}"),
        name: format!("测试药{line_no}"),
        quantity: Quantity::whole(1),
        price: UnitPrice(fen * 10_000),
        amount: Fen(fen),
        hi_mark,
        chrgitm_lv: "1".to_owned(),
        first_selfpay: Ratio::ZERO,
        pay_standard: None,
        restricted: false,
        hosp_appr_flag: String::new(),
    }
}

/// A line out of one lot, as sold.
pub(super) fn sold() -> SoldLot {
    SoldLot {
        line_no: 1,
        med_list_codg: String::new(),
        manu_lotnum: "L1".to_owned(),
        quantity: Quantity::whole(1),
    }
}

#[test]
fn unmarked_goods_and_fees_never_reach_an_insured_line() {
    let otc = order(Kind::Otc, State::Placing);
    let (insured, outside) = charges(&otc);
    assert_eq!(insured.iter().map(|charge| charge.0.line_no).collect::<Vec<_>>(), [1]);
    let outside: Vec<_> = outside.iter().map(|fee| (fee.kind, fee.amount)).collect();
    assert_eq!(outside, [("goods", Fen(700)), ("delivery", Fen(500))]);
    assert_eq!(total(&otc), Fen(2450));
}

#[test]
fn every_line_of_a_prescription_is_settled() {
    let rx = order(Kind::Prescription, State::Reserving);
    let (insured, outside) = charges(&rx);
    assert_eq!(insured.len(), 2);
    assert_eq!(outside.iter().map(|fee| fee.kind).collect::<Vec<_>>(), ["delivery"]);
}

#[test]
fn five_wrong_codes_pause_the_counter_even_for_the_right_one() {
    let mut order = order(Kind::Otc, State::Dispensed);
    for left in (0..5).rev() {
        let wrong = Guess::Wrong(Refusal::CollectionCodeWrong { left });
        assert_eq!(guess(&mut order, false, Timestamp(0)), Ok(wrong));
    }
    let paused = guess(&mut order, true, Timestamp(1));
    assert!(matches!(paused, Err(Refusal::CodeGuessing { retry_after_ms: 899_999 })), "{paused:?}");
    assert_eq!(guess(&mut order, true, Timestamp(0).plus_seconds(900)), Ok(Guess::Right));
}

#[test]
fn words_read_back() {
    for state in State::ALL {
        assert_eq!(State::parse(state.as_str()), Some(state));
    }
    for step in Step::ALL {
        assert_eq!(Step::parse(step.as_str()), Some(step));
    }
}

#[test]
fn a_line_out_of_two_lots_is_handed_out_once() {
    let mut second = sold();
    second.manu_lotnum = "L2".to_owned();
    let lines = handed_out(&[sold(), second]);
    let lines: Vec<_> = lines.iter().map(|line| (line.quantity, line.manu_lotnum.as_str())).collect();
    assert_eq!(lines, [(Quantity::whole(2), "L1,L2")]);
}
