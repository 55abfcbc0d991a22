//! Walks through the machine: what a step's answer leads to.

use liufang_kernel::{Fen, Sensitive, Timestamp};
use proptest::prelude::*;

use super::super::*;
use super::{order, sold};

fn quote() -> Quote {
    Quote {
        id: "quo_1".to_owned(),
        expires_at: Timestamp(1_000),
        total: Fen(2450),
        has_cash: true,
        insured: true,
        account: true,
        encoded: String::new(),
    }
}

fn quoted() -> Answer {
    Answer::Quoted { quote: quote(), payers: Payers::default() }
}

fn steps(change: &Change) -> Vec<Step> {
    change.next.iter().map(|next| next.step).collect()
}

fn go(order: &mut Order, step: Step, answer: Answer) -> Vec<Step> {
    steps(&advance(order, step, answer, Timestamp(0), "123456"))
}

fn captured() -> Answer {
    Answer::Payment(Payment::Captured { setl_id: "stl_1".to_owned() })
}

#[test]
fn an_otc_order_goes_from_placing_to_collection() {
    let mut own = order(Kind::Otc, State::Placing);
    assert!(go(&mut own, Step::Reserve, Answer::Done).is_empty());
    go(&mut own, Step::Quote, quoted());
    assert_eq!(own.state, State::AwaitingPayment);
    pay(&mut own, paying(None, None));
    go(&mut own, Step::Authorise, Answer::Authorised { payment_id: "pay_1".to_owned() });
    assert_eq!(go(&mut own, Step::Capture, captured()), [Step::Extend]);
    assert_eq!((own.state, own.collection_code.reveal().as_str()), (State::Paid, "123456"));
    let plan = dispensing(&own, "HY1".to_owned(), Vec::new(), String::new());
    dispense(&mut own, plan);
    go(&mut own, Step::Commit, Answer::Sold(vec![sold()]));
    assert_eq!(own.state, State::Dispensed);
    collect(&mut own);
    assert_eq!(own.state, State::Completed);
}

#[test]
fn a_pending_payment_holds_the_goods_and_asks() {
    let mut own = order(Kind::Otc, State::Paying);
    let pending = Answer::Payment(Payment::Pending);
    assert_eq!(go(&mut own, Step::Capture, pending), [Step::Extend, Step::AwaitPayment]);
    assert_eq!(own.state, State::Paying);
    own.fulfilment = Fulfilment::Delivery;
    assert_eq!(go(&mut own, Step::AwaitPayment, captured()), [Step::Extend, Step::CreateDelivery]);
}

#[test]
fn an_ended_payment_waits_for_another_until_the_deadline() {
    let ended = || Payment::Ended { reason: "CHANNEL_REFUSED".to_owned() };
    let mut early = order(Kind::Otc, State::Paying);
    let change = payment_news(&mut early, ended(), Timestamp(999), "");
    assert_eq!((early.state, change.refusal.as_deref()), (State::AwaitingPayment, Some("CHANNEL_REFUSED")));
    let mut late = order(Kind::Otc, State::Paying);
    let change = payment_news(&mut late, ended(), Timestamp(1_000), "");
    assert_eq!((late.state, steps(&change)), (State::Cancelled, vec![Step::Release]));
}

#[test]
fn a_refused_placing_gives_back_and_is_never_seen() {
    let mut own = order(Kind::Otc, State::Placing);
    let change = refuse(&mut own, Step::Quote, "MUTUAL_AID_NOT_FILED");
    assert_eq!((own.state, steps(&change)), (State::Refused, vec![Step::Release]));
    assert!(change.story.is_empty() && change.refusal.is_some());
}

#[test]
fn a_refused_scan_leaves_the_order_paid_and_a_wrong_secret_keeps_the_sale() {
    let mut own = order(Kind::Prescription, State::Dispensing);
    refuse(&mut own, Step::Commit, "TRACE_CODE_SOLD");
    assert_eq!(own.state, State::Paid);
    own.state = State::Dispensing;
    go(&mut own, Step::Commit, Answer::Sold(vec![sold()]));
    refuse(&mut own, Step::RecordDispense, "CLAIM_SECRET_WRONG");
    assert_eq!(own.state, State::Paid);
    let again = dispensing(&own, String::new(), Vec::new(), String::new());
    assert_eq!(again.iter().map(|next| next.step).collect::<Vec<_>>(), [Step::RecordDispense]);
}

#[test]
fn a_cancelled_visit_that_the_doctor_took_stays_paid() {
    let mut own = order(Kind::Consultation, State::Completed);
    let change = cancel(&mut own, "CANCELLED_BY_PATIENT");
    assert_eq!(steps(&change), [Step::ReleaseVisit, Step::Refund]);
    let change = refuse(&mut own, Step::ReleaseVisit, "VISIT_TAKEN");
    assert_eq!((own.state, change.drop), (State::Completed, Drop::All));
    assert!(own.cancel_reason.is_empty());
}

#[test]
fn a_visit_that_cannot_be_paid_gives_the_money_back_whatever_else_is_refused() {
    let mut own = order(Kind::Consultation, State::Paid);
    let change = refuse(&mut own, Step::MarkVisitPaid, "VISIT_CANCELLED");
    assert_eq!((own.state, steps(&change)), (State::Refunding, vec![Step::ReleaseVisit, Step::Refund]));
    let change = refuse(&mut own, Step::ReleaseVisit, "VISIT_CANCELLED");
    assert_eq!((own.state, change.drop), (State::Refunding, Drop::None));
}

#[test]
fn goods_that_the_courier_took_cannot_be_returned_at_the_counter() {
    let mut own = order(Kind::Otc, State::Dispensed);
    own.fulfilment = Fulfilment::Delivery;
    own.sold = vec![sold()];
    let change = cancel(&mut own, "RETURNED");
    assert_eq!(steps(&change), [Step::CancelDelivery, Step::ReturnSale, Step::Refund]);
    refuse(&mut own, Step::CancelDelivery, "DELIVERY_PICKED_UP");
    assert_eq!(own.state, State::Dispensed);
}

#[test]
fn a_withdrawn_prescription_waits_for_the_payments_outcome() {
    let mut own = order(Kind::Prescription, State::Paying);
    withdraw(&mut own, "EXPIRED");
    assert_eq!(own.state, State::Paying);
    let change = payment_news(&mut own, Payment::Captured { setl_id: String::new() }, Timestamp(0), "1");
    assert_eq!((own.state, own.cancel_reason.as_str()), (State::Refunding, "EXPIRED"));
    assert_eq!(steps(&change), [Step::Release, Step::ReleaseNomination, Step::Refund]);
}

#[test]
fn a_prescription_lost_after_payment_takes_the_order_back_whatever_is_refused() {
    let mut own = order(Kind::Prescription, State::Paid);
    own.fulfilment = Fulfilment::Delivery;
    let change = withdraw(&mut own, "EXPIRED");
    let back = [Step::CancelDelivery, Step::Release, Step::ReleaseNomination, Step::Refund];
    assert_eq!((own.state, steps(&change)), (State::Refunding, back.to_vec()));
    let told: Vec<_> = change.story.iter().map(|note| (note.step, note.detail.as_str())).collect();
    assert_eq!(told, [("prescription_withdrawn", "EXPIRED"), ("refunding", "EXPIRED")]);
    refuse(&mut own, Step::CancelDelivery, "DELIVERY_ENDED");
    assert_eq!(own.state, State::Refunding, "nobody can dispense it any more");
}

#[test]
fn stock_lost_after_payment_brings_the_money_back_whatever_else_is_refused() {
    let mut own = order(Kind::Otc, State::Paid);
    own.fulfilment = Fulfilment::Delivery;
    unreserved(&mut own, Timestamp(0));
    refuse(&mut own, Step::CancelDelivery, "DELIVERY_PICKED_UP");
    assert_eq!(own.state, State::Refunding);
}

#[test]
fn stock_lost_while_dispensing_waits_for_the_outcome() {
    let mut own = order(Kind::Otc, State::Dispensing);
    unreserved(&mut own, Timestamp(0));
    assert_eq!(own.state, State::Dispensing);
    let change = refuse(&mut own, Step::Commit, "RESERVATION_STATE");
    assert_eq!((own.state, steps(&change)), (State::Refunding, vec![Step::Release, Step::Refund]));
    assert_eq!(own.cancel_reason, "NOT_DISPENSED_IN_TIME");
}

#[test]
fn a_new_payment_is_not_mistaken_for_the_one_before() {
    let mut own = order(Kind::Otc, State::AwaitingPayment);
    own.payment_id = "pay_0".to_owned();
    let change = pay(&mut own, paying(None, None));
    assert!(own.payment_id.is_empty(), "news of the old one must not end the new one");
    assert_eq!(change.drop, Drop::Forward);
}

#[test]
fn sold_goods_go_back_before_the_money() {
    let mut own = order(Kind::Prescription, State::Completed);
    own.sold = vec![sold()];
    own.recorded = true;
    let change = cancel(&mut own, "RETURNED");
    assert_eq!(steps(&change), [Step::ReturnSale, Step::ReverseDispense, Step::Refund]);
    go(&mut own, Step::Refund, Answer::Refund { complete: false });
    assert_eq!(own.state, State::Refunding);
    go(&mut own, Step::AwaitRefund, Answer::Refund { complete: true });
    assert_eq!(own.state, State::Refunded);
}

#[test]
fn scans_of_the_courier_may_come_out_of_order() {
    let mut own = order(Kind::Otc, State::Dispensed);
    deliver(&mut own, Journey::Delivered);
    assert_eq!(own.state, State::Completed);
    assert!(deliver(&mut own, Journey::PickedUp).is_empty(), "a late scan changes nothing");
}

fn any_answer() -> impl Strategy<Value = (Step, Answer)> {
    let plain = prop::sample::select(&Step::ALL[..]).prop_map(|step| (step, Answer::Done));
    let payment = prop::sample::select(vec![Step::Capture, Step::AwaitPayment]).prop_flat_map(|step| {
        let ended = Payment::Ended { reason: "VOIDED".to_owned() };
        let news = vec![Payment::Pending, Payment::Captured { setl_id: String::new() }, ended];
        prop::sample::select(news).prop_map(move |news| (step, Answer::Payment(news)))
    });
    let hand_over_code = Sensitive::new("1".to_owned());
    let rest = prop::sample::select(vec![0, 1, 2, 3]).prop_map(move |which| match which {
        0 => (Step::Quote, quoted()),
        1 => (Step::Commit, Answer::Sold(vec![sold()])),
        2 => (Step::MarkReady, Answer::Ready { hand_over_code: hand_over_code.clone() }),
        _ => (Step::Refund, Answer::Refund { complete: true }),
    });
    prop_oneof![plain, payment, rest]
}

proptest! {
    /// Late, doubled and stray answers never bring an ended order back to life, and never end a running one silently.
    #[test]
    fn no_answer_revives_an_ended_order(answers in prop::collection::vec(any_answer(), 1..30), start in 0_usize..14) {
        let mut own = order(Kind::Otc, State::ALL[start]);
        for (step, answer) in answers {
            let was = own.state;
            let change = advance(&mut own, step, answer, Timestamp(0), "1");
            if was != own.state {
                prop_assert!(!change.story.is_empty(), "{was:?} became {:?} untold", own.state);
            }
            if was.has_ended() {
                let back = matches!(
                    (was, own.state),
                    (State::Refunding, State::Refunded) | (State::Cancelled, State::Refunding)
                );
                prop_assert!(own.state == was || back, "{was:?} became {:?}", own.state);
            }
        }
    }
}
