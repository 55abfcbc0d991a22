//! State × operation → permitted, or the reason. The same table stands in the service's README.

use expect_test::{Expect, expect};

use super::super::*;
use super::{order, sold};

fn word(result: Result<(), Refusal>) -> &'static str {
    match result {
        Ok(()) => "ok",
        Err(Refusal::Ended(_)) => "ORDER_ENDED",
        Err(Refusal::StateForbids(_)) => "ORDER_STATE_FORBIDS",
        Err(Refusal::ReviewNotPassed) => "REVIEW_NOT_PASSED",
        Err(Refusal::PaymentPending) => "PAYMENT_PENDING",
        Err(_) => "another",
    }
}

fn is_sold(state: State) -> bool {
    matches!(state, State::Dispensed | State::Delivering | State::Completed)
}

#[track_caller]
fn check(kind: Kind, expect: &Expect) {
    let mut table = String::new();
    for state in State::ALL.into_iter().filter(|state| state.is_visible()) {
        let mut order = order(kind, state);
        if kind.has_goods() && is_sold(state) {
            order.sold = vec![sold()];
        }
        let row: Vec<_> = Operation::ALL.iter().map(|operation| word(permit(&order, *operation))).collect();
        table.push_str(&format!("{:17} {}\n", state.as_str(), row.join(" ")));
    }
    expect.assert_eq(&table);
}

/// Columns: requote, pay, cancel, dispense, collect, return.
#[test]
fn goods_for_pick_up() {
    check(
        Kind::Prescription,
        &expect![[r#"
        awaiting_pharmacy REVIEW_NOT_PASSED REVIEW_NOT_PASSED ok ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS
        reserving         REVIEW_NOT_PASSED REVIEW_NOT_PASSED ok ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS
        awaiting_payment  ok ok ok ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS
        paying            PAYMENT_PENDING PAYMENT_PENDING PAYMENT_PENDING PAYMENT_PENDING PAYMENT_PENDING PAYMENT_PENDING
        paid              ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ok ok ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS
        dispensing        ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS
        dispensed         ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ok ok
        delivering        ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS
        completed         ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ORDER_STATE_FORBIDS ok
        cancelled         ORDER_ENDED ORDER_ENDED ORDER_ENDED ORDER_ENDED ORDER_ENDED ORDER_ENDED
        refunding         ORDER_ENDED ORDER_ENDED ORDER_ENDED ORDER_ENDED ORDER_ENDED ORDER_ENDED
        refunded          ORDER_ENDED ORDER_ENDED ORDER_ENDED ORDER_ENDED ORDER_ENDED ORDER_ENDED
    "#]],
    );
}

#[test]
fn a_consultation_may_be_cancelled_until_the_doctor_takes_it() {
    let paid = order(Kind::Consultation, State::Completed);
    assert_eq!(permit(&paid, Operation::Cancel), Ok(()));
    assert_eq!(permit(&paid, Operation::Return), Err(Refusal::StateForbids(State::Completed)));
    let between = order(Kind::Consultation, State::Paid);
    assert_eq!(permit(&between, Operation::Dispense), Err(Refusal::StateForbids(State::Paid)));
}

#[test]
fn booked_goods_cannot_be_cancelled_but_returned() {
    let mut half = order(Kind::Prescription, State::Paid);
    half.sold = vec![sold()];
    assert_eq!(permit(&half, Operation::Cancel), Err(Refusal::StateForbids(State::Paid)));
    assert_eq!(permit(&half, Operation::Return), Ok(()));
}

#[test]
fn a_counter_sale_is_handed_out_and_over() {
    let paid = order(Kind::Counter, State::Paid);
    assert_eq!(permit(&paid, Operation::Dispense), Ok(()));
    assert_eq!(permit(&paid, Operation::Cancel), Ok(()));
    let mut done = order(Kind::Counter, State::Completed);
    done.sold = vec![sold()];
    assert_eq!(permit(&done, Operation::Collect), Err(Refusal::StateForbids(State::Completed)));
    assert_eq!(permit(&done, Operation::Cancel), Err(Refusal::StateForbids(State::Completed)));
    assert_eq!(permit(&done, Operation::Return), Ok(()));
}
