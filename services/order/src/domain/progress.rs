//! How answers, refusals and news move an order on. Every function changes the order in place and says what to write in
//! the story and which steps come next; the caller stores all of it in one transaction.

use liufang_kernel::{Sensitive, Timestamp};

use super::plan::{after_payment, frees, giving_back, last_of_dispensing, reviewed, taking_back};
use super::{Fulfilment, Kind, Next, Order, Payers, Quote, SoldLot, State, Step};

/// A successful answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Nothing to remember.
    Done,
    Quoted {
        quote: Quote,
        payers: Payers,
    },
    Authorised {
        payment_id: String,
    },
    Payment(Payment),
    DeliveryCreated {
        delivery_id: String,
    },
    Sold(Vec<SoldLot>),
    Ready {
        hand_over_code: Sensitive<String>,
    },
    /// The refund was taken; `complete` when all money is back.
    Refund {
        complete: bool,
    },
}

/// How a payment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payment {
    /// No outcome yet.
    Pending,
    Captured {
        setl_id: String,
    },
    /// Over without a capture.
    Ended {
        reason: String,
    },
}

/// A line for the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub step: &'static str,
    pub state: State,
    pub detail: String,
}

/// What follows from a change.
#[derive(Clone, Default)]
pub struct Change {
    pub story: Vec<Note>,
    pub next: Vec<Next>,
    /// Which open steps are given up.
    pub drop: Drop,
    /// The caller's operation failed, for this reason.
    pub refusal: Option<String>,
}

/// Which open steps of the journal a change gives up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drop {
    #[default]
    None,
    /// Those that go on; what gives something back stays.
    Forward,
    All,
}

impl Change {
    fn note(mut self, order: &Order, step: &'static str, detail: impl Into<String>) -> Change {
        self.story.push(Note { step, state: order.state, detail: detail.into() });
        self
    }

    fn then(mut self, next: Vec<Next>) -> Change {
        self.next.extend(next);
        self
    }

    fn and(mut self, other: Change) -> Change {
        self.story.extend(other.story);
        self.next.extend(other.next);
        self.drop = self.drop.max(other.drop);
        self
    }

    fn dropping(mut self) -> Change {
        self.drop = self.drop.max(Drop::Forward);
        self
    }

    fn refused(mut self, reason: &str) -> Change {
        self.refusal = Some(reason.to_owned());
        self
    }

    /// Whether nothing is to be stored.
    pub fn is_empty(&self) -> bool {
        self.story.is_empty() && self.next.is_empty() && self.drop == Drop::None
    }
}

/// A step was answered. `code` is a fresh collection code, used when the answer completes a payment for pick-up.
pub fn advance(order: &mut Order, step: Step, answer: Answer, now: Timestamp, code: &str) -> Change {
    match (step, answer) {
        (Step::Nominate, _) => {
            if order.state == State::Placing {
                order.state = State::AwaitingPharmacy;
            }
            Change::default().note(order, "nominated", "")
        }
        (Step::Quote, Answer::Quoted { quote, payers }) => quoted(order, quote, payers),
        (Step::Authorise, Answer::Authorised { payment_id }) => {
            order.payment_id = payment_id;
            Change::default().note(order, "authorised", "")
        }
        (Step::Capture, Answer::Payment(Payment::Pending)) => {
            let mut next = vec![Step::AwaitPayment.into()];
            if order.kind.has_goods() {
                // the goods must outlive the question
                next.insert(0, Step::Extend.into());
            }
            Change::default().note(order, "payment_pending", "").then(next)
        }
        (Step::Capture | Step::AwaitPayment, Answer::Payment(news)) => payment_news(order, news, now, code),
        (Step::CreateDelivery, Answer::DeliveryCreated { delivery_id }) => {
            order.delivery_id = delivery_id;
            Change::default().note(order, "delivery_created", "")
        }
        (Step::MarkVisitPaid, _) if order.state == State::Paid => {
            order.state = State::Completed;
            Change::default().note(order, "completed", "")
        }
        (Step::Commit, Answer::Sold(lots)) => {
            order.sold = lots;
            let change = Change::default().note(order, "sold", "");
            finish_dispensing(order, step, change)
        }
        (Step::RecordDispense, _) => {
            order.recorded = true;
            let change = Change::default().note(order, "recorded", "");
            finish_dispensing(order, step, change)
        }
        (Step::MarkReady, Answer::Ready { hand_over_code }) => {
            order.hand_over_code = hand_over_code;
            finish_dispensing(order, step, Change::default())
        }
        (Step::Refund, Answer::Refund { complete: false }) => {
            Change::default().note(order, "refund_pending", "").then(vec![Step::AwaitRefund.into()])
        }
        (Step::Refund | Step::AwaitRefund, Answer::Refund { complete: true }) => refunded(order),
        (step, _) => told(step).map_or_else(Change::default, |word| Change::default().note(order, word, "")),
    }
}

/// Plain steps that the story tells.
fn told(step: Step) -> Option<&'static str> {
    match step {
        Step::Reserve => Some("reserved"),
        Step::Void => Some("payment_voided"),
        Step::Release => Some("stock_released"),
        Step::ReleaseNomination => Some("prescription_released"),
        Step::ReleaseVisit => Some("visit_released"),
        Step::CancelDelivery => Some("delivery_cancelled"),
        Step::ReturnSale => Some("sale_returned"),
        Step::ReverseDispense => Some("dispense_reversed"),
        _ => None,
    }
}

fn quoted(order: &mut Order, quote: Quote, payers: Payers) -> Change {
    if matches!(order.state, State::Placing | State::Reserving) {
        order.state = State::AwaitingPayment;
    }
    // an answer that comes after the payment began must not replace what the patient confirmed
    if order.state != State::AwaitingPayment {
        return Change::default();
    }
    let detail = quote.id.clone();
    order.quote = Some(quote);
    order.payers = payers;
    Change::default().note(order, "quoted", detail)
}

fn finish_dispensing(order: &mut Order, step: Step, change: Change) -> Change {
    if order.state != State::Dispensing || step != last_of_dispensing(order) {
        return change;
    }
    order.state = State::Dispensed;
    change.note(order, "dispensed", "")
}

/// The payment came to an outcome, by answer, by poll or by event; whichever comes first wins.
pub fn payment_news(order: &mut Order, news: Payment, now: Timestamp, code: &str) -> Change {
    match (order.state, news) {
        (State::Paying | State::AwaitingPayment, Payment::Captured { setl_id }) => {
            captured(order, setl_id, code)
        }
        // money for an order that has ended already goes straight back
        (State::Cancelled, Payment::Captured { setl_id }) => {
            order.setl_id = setl_id;
            order.state = State::Refunding;
            let reason = order.cancel_reason.clone();
            Change::default().note(order, "refunding", reason).then(vec![Step::Refund.into()])
        }
        (State::Paying, Payment::Ended { reason }) => payment_ended(order, &reason, now),
        _ => Change::default(),
    }
}

fn captured(order: &mut Order, setl_id: String, code: &str) -> Change {
    order.setl_id = setl_id;
    order.state = State::Paid;
    if order.fulfilment == Fulfilment::PickUp {
        order.collection_code = Sensitive::new(code.to_owned());
    }
    let change = Change::default().note(order, "paid", "").dropping();
    if order.doomed.is_empty() {
        let next = after_payment(order);
        return change.then(next);
    }
    let reason = order.doomed.clone();
    change.and(take_back(order, &reason))
}

fn payment_ended(order: &mut Order, reason: &str, now: Timestamp) -> Change {
    order.payment_id.clear();
    order.quote = None;
    order.state = State::AwaitingPayment;
    let change = Change::default().note(order, "payment_ended", reason).dropping().refused(reason);
    if !order.doomed.is_empty() {
        let reason = order.doomed.clone();
        return change.and(close(order, &reason));
    }
    if order.pay_by <= now { change.and(close(order, "UNPAID")) } else { change }
}

/// A step was refused for good.
pub fn refuse(order: &mut Order, step: Step, reason: &str) -> Change {
    match (order.state, step) {
        (State::Placing, _) => {
            let next = frees(order.kind, State::Placing);
            order.state = State::Refused;
            Change::default().dropping().then(next).refused(reason)
        }
        (State::Reserving, Step::Reserve | Step::Quote) => close(order, reason),
        (State::AwaitingPayment, Step::Quote) => Change::default().refused(reason),
        (State::Paying, Step::Authorise) => {
            order.state = State::AwaitingPayment;
            Change::default().note(order, "payment_refused", reason).dropping().refused(reason)
        }
        (State::Paying, Step::Capture) => {
            order.state = State::AwaitingPayment;
            order.quote = None;
            let change = Change::default().note(order, "payment_refused", reason).dropping().refused(reason);
            change.then(vec![Step::Void.into()])
        }
        (State::Paid, Step::Extend | Step::CreateDelivery | Step::MarkVisitPaid) => take_back(order, reason),
        (State::Dispensing, Step::Commit | Step::RecordDispense | Step::MarkReady) => {
            order.state = State::Paid;
            Change::default().note(order, "dispense_refused", reason).dropping().refused(reason)
        }
        (State::Refunding, Step::ReleaseVisit | Step::ReturnSale | Step::CancelDelivery)
            if order.before.is_some() =>
        {
            turn_back(order, reason)
        }
        (_, step) if step.is_compensation() => {
            Change::default().note(order, "give_back_refused", step.as_str())
        }
        _ => Change::default(),
    }
}

/// The first step of a taking-back was refused: the order stands as it stood.
fn turn_back(order: &mut Order, reason: &str) -> Change {
    if let Some(before) = order.before.take() {
        order.state = before;
    }
    order.cancel_reason.clear();
    let mut change = Change::default().note(order, "return_refused", reason).refused(reason);
    change.drop = Drop::All;
    change
}

/// Ends an unpaid order and frees what it holds.
fn close(order: &mut Order, reason: &str) -> Change {
    let next = frees(order.kind, order.state);
    order.state = State::Cancelled;
    order.cancel_reason = reason.to_owned();
    Change::default().note(order, "cancelled", reason).dropping().then(next)
}

/// Takes a paid order back because it cannot go on: whatever is refused on the way, the money goes back.
fn take_back(order: &mut Order, reason: &str) -> Change {
    let next = if order.sold.is_empty() { taking_back(order) } else { giving_back(order) };
    order.state = State::Refunding;
    order.cancel_reason = reason.to_owned();
    Change::default().note(order, "refunding", reason).dropping().then(next)
}

/// The order is given up: by its patient, its pharmacy or the clock. Only states that [`super::permit`] lets through
/// reach this, or unpaid ones.
pub fn cancel(order: &mut Order, reason: &str) -> Change {
    match order.state {
        State::Placing => {
            let next = frees(order.kind, State::Placing);
            order.state = State::Refused;
            Change::default().dropping().then(next)
        }
        State::AwaitingPharmacy | State::Reserving | State::AwaitingPayment => close(order, reason),
        State::Paid | State::Dispensed | State::Delivering | State::Completed => {
            let before = order.state;
            let change = take_back(order, reason);
            // asked for by somebody: when the first step is refused, the order stands as it stood
            order.before = Some(before);
            change
        }
        _ => Change::default(),
    }
}

/// The prescription cannot be filled any more. While a payment is pending, its outcome decides how the order ends.
pub fn withdraw(order: &mut Order, reason: &str) -> Change {
    match order.state {
        State::Paying => {
            order.doomed = reason.to_owned();
            Change::default().note(order, "prescription_withdrawn", reason)
        }
        State::AwaitingPharmacy | State::Reserving | State::AwaitingPayment | State::Paid => {
            cancel(order, reason)
        }
        _ => Change::default(),
    }
}

/// The pharmacist's verdict.
pub fn review(order: &mut Order, passed: bool, pay_by: Timestamp) -> Change {
    if order.state != State::AwaitingPharmacy || order.kind != Kind::Prescription {
        return Change::default();
    }
    if !passed {
        return close(order, "REFUSED");
    }
    order.state = State::Reserving;
    order.pay_by = pay_by;
    Change::default().note(order, "reviewed", "").then(reviewed())
}

/// The courier's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journey {
    PickedUp,
    Delivered,
    /// Attempts failed and the goods are back at the pharmacy.
    Returned,
}

/// The delivery moved. Scans may come late or out of order: a hand-over without a pick-up still completes the order.
pub fn deliver(order: &mut Order, journey: Journey) -> Change {
    match (order.state, journey) {
        (State::Dispensed, Journey::PickedUp) => {
            order.state = State::Delivering;
            Change::default().note(order, "picked_up", "")
        }
        (State::Dispensed | State::Delivering, Journey::Delivered) => {
            order.state = State::Completed;
            Change::default().note(order, "delivered", "")
        }
        (State::Dispensed | State::Delivering, Journey::Returned) => take_back(order, "DELIVERY_FAILED"),
        _ => Change::default(),
    }
}

/// The patient has the goods.
pub fn collect(order: &mut Order) -> Change {
    order.state = State::Completed;
    order.wrong_codes = 0;
    Change::default().note(order, "collected", "")
}

/// All money is back.
pub fn refunded(order: &mut Order) -> Change {
    if order.state != State::Refunding {
        return Change::default();
    }
    order.state = State::Refunded;
    Change::default().note(order, "refunded", "")
}

/// A payment begins.
pub fn pay(order: &mut Order, next: Vec<Next>) -> Change {
    order.state = State::Paying;
    Change::default().note(order, "paying", "").then(next)
}

/// Dispensing begins.
pub fn dispense(order: &mut Order, next: Vec<Next>) -> Change {
    order.state = State::Dispensing;
    Change::default().note(order, "dispensing", "").then(next)
}

/// A new quote is asked for.
pub fn requote(next: Vec<Next>) -> Change {
    Change::default().then(next)
}
