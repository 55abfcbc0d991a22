//! What the other services must know of an order in each of its states, and what not.
//!
//! Pure: the auditor reads what everybody has and hands it in. What is on its way between two services looks like a
//! difference for a moment; whoever asks asks twice.

use super::{Fulfilment, Kind, State};

/// What this service knows of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub kind: Kind,
    pub state: State,
    pub fulfilment: Fulfilment,
    pub payment_id: String,
    /// The sale is booked.
    pub sold: bool,
    /// The prescription's lines are marked dispensed.
    pub recorded: bool,
}

/// What another service knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// `payment`, `reservation`, `prescription`, `hand_out`, `visit`, `delivery`.
    pub what: &'a str,
    pub id: &'a str,
    /// The other service's own word.
    pub state: &'a str,
}

/// One thing that does not agree; `part` is an index, or `None` when it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    pub kind: &'static str,
    pub part: Option<usize>,
}

/// Compares. `asked` says of which kinds of part everything there is was handed in.
pub fn disagreements(
    order: Option<&Known>,
    parts: &[Part<'_>],
    asked: impl Fn(&str) -> bool,
) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let kind = match order {
            Some(order) => contradiction(order, part),
            None => orphan(part),
        };
        found.extend(kind.map(|kind| Disagreement { kind, part: Some(index) }));
    }
    let captured = parts.iter().filter(|part| part.what == "payment" && part.state == "captured");
    if captured.count() > 1 {
        found.push(Disagreement { kind: "PAID_TWICE", part: None });
    }
    if let Some(order) = order {
        let missing = missing(order, parts).into_iter().filter(|(what, _)| asked(what));
        found.extend(missing.map(|(_, kind)| Disagreement { kind, part: None }));
    }
    found
}

/// What stands for an order that nobody knows.
fn orphan(part: &Part<'_>) -> Option<&'static str> {
    match (part.what, part.state) {
        ("payment", "captured") => Some("PAID_WITHOUT_ORDER"),
        ("reservation", "held" | "committed") => Some("STOCK_WITHOUT_ORDER"),
        ("hand_out", _) => Some("DISPENSED_WITHOUT_ORDER"),
        ("prescription", "open") => Some("NOMINATED_WITHOUT_ORDER"),
        ("visit", "paid" | "taken" | "completed") => Some("VISIT_WITHOUT_ORDER"),
        ("delivery", state) if !delivery_is_over(state) => Some("DELIVERY_WITHOUT_ORDER"),
        _ => None,
    }
}

/// What is there and must not be.
fn contradiction(order: &Known, part: &Part<'_>) -> Option<&'static str> {
    let state = order.state;
    let (fits, kind) = match (part.what, part.state) {
        ("payment", "captured") => (is_paid(state) || state == State::Refunding, "PAID_BUT_ORDER_IS"),
        ("payment", _) if part.id == order.payment_id && is_paid(state) => {
            (false, "ORDER_PAID_BUT_PAYMENT_IS")
        }
        ("payment", other) if part.id == order.payment_id && state == State::Refunding => {
            (matches!(other, "refunding" | "refunded"), "ORDER_REFUNDING_BUT_PAYMENT_IS")
        }
        ("payment", other) if part.id == order.payment_id && state == State::Refunded => {
            (other == "refunded", "ORDER_REFUNDED_BUT_PAYMENT_IS")
        }
        ("payment", "refunding" | "refunded") if part.id == order.payment_id => {
            (false, "REFUNDED_BUT_ORDER_IS")
        }
        ("payment", "voided" | "expired" | "failed") if part.id == order.payment_id => {
            (state != State::Paying, "PAYING_BUT_PAYMENT_IS")
        }
        ("reservation", stock) => (stock_fits(order, stock), "STOCK_DIFFERS"),
        ("hand_out", _) => (handed_out_fits(order), "DISPENSED_BUT_ORDER_IS"),
        ("prescription", "open") => (!is_undone(state), "NOMINATED_BUT_ORDER_IS"),
        ("visit", "paid" | "taken" | "completed") => {
            (is_paid(state) || state == State::Refunding, "VISIT_PAID_BUT_ORDER_IS")
        }
        ("delivery", delivery) => (delivery_fits(state, delivery), "DELIVERY_DIFFERS"),
        _ => return None,
    };
    (!fits).then_some(kind)
}

/// What must be there and is not, as the kind of part and the difference's name.
fn missing(order: &Known, parts: &[Part<'_>]) -> Vec<(&'static str, &'static str)> {
    let state = order.state;
    let has = |what: &str| parts.iter().any(|part| part.what == what);
    let mut missing = Vec::new();
    let named = parts.iter().any(|part| part.what == "payment" && part.id == order.payment_id);
    let paid = is_paid(state) || matches!(state, State::Refunding | State::Refunded);
    if !named && (paid || !order.payment_id.is_empty()) {
        missing.push(("payment", "ORDER_WITHOUT_PAYMENT"));
    }
    let handed_out = matches!(state, State::Dispensed | State::Delivering | State::Completed);
    let holds = is_paid(state) || matches!(state, State::AwaitingPayment | State::Paying);
    if order.kind.has_goods() && holds && !has("reservation") {
        missing.push(("reservation", "ORDER_WITHOUT_STOCK"));
    }
    if order.kind.has_prescription() && handed_out && !has("hand_out") {
        missing.push(("hand_out", "DISPENSED_NOT_RECORDED"));
    }
    if order.kind.has_prescription() && state == State::Paid && !order.recorded && !has("prescription") {
        missing.push(("prescription", "ORDER_WITHOUT_PRESCRIPTION"));
    }
    let visited = parts.iter().any(|part| part.what == "visit" && part.state != "cancelled");
    if order.kind == Kind::Consultation && state == State::Completed && !visited {
        missing.push(("visit", "ORDER_WITHOUT_VISIT"));
    }
    if order.fulfilment == Fulfilment::Delivery && handed_out && !has("delivery") {
        missing.push(("delivery", "ORDER_WITHOUT_DELIVERY"));
    }
    missing
}

/// Money is here and stays.
fn is_paid(state: State) -> bool {
    matches!(state, State::Paid | State::Dispensing | State::Dispensed | State::Delivering | State::Completed)
}

/// Everything was to be given back.
fn is_undone(state: State) -> bool {
    matches!(state, State::Refused | State::Cancelled | State::Refunded)
}

fn stock_fits(order: &Known, stock: &str) -> bool {
    match order.state {
        State::Placing | State::AwaitingPharmacy | State::Reserving => stock != "committed",
        State::AwaitingPayment | State::Paying => stock == "held",
        State::Paid if order.sold => stock == "committed",
        State::Paid => stock == "held",
        State::Dispensing => matches!(stock, "held" | "committed"),
        State::Dispensed | State::Delivering | State::Completed => stock == "committed",
        State::Refunding => true,
        State::Refused | State::Cancelled | State::Refunded => !matches!(stock, "held" | "committed"),
    }
}

fn handed_out_fits(order: &Known) -> bool {
    match order.state {
        State::Paid => order.recorded,
        State::Dispensing | State::Dispensed | State::Delivering | State::Completed | State::Refunding => {
            true
        }
        _ => false,
    }
}

fn delivery_is_over(delivery: &str) -> bool {
    matches!(delivery, "delivered" | "returned" | "cancelled")
}

fn delivery_fits(state: State, delivery: &str) -> bool {
    match state {
        State::Paid => delivery == "waiting",
        State::Dispensing => matches!(delivery, "waiting" | "ready" | "assigned"),
        State::Dispensed => matches!(delivery, "ready" | "assigned"),
        State::Delivering => matches!(delivery, "picked_up" | "returning"),
        State::Completed => delivery == "delivered",
        State::Refunding => true,
        _ => delivery_is_over(delivery),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(kind: Kind, state: State) -> Known {
        let delivery = kind == Kind::Prescription;
        Known {
            kind,
            state,
            fulfilment: if delivery { Fulfilment::Delivery } else { Fulfilment::None },
            payment_id: "pay-1".into(),
            sold: false,
            recorded: false,
        }
    }

    fn part<'a>(what: &'a str, state: &'a str) -> Part<'a> {
        Part { what, id: if what == "payment" { "pay-1" } else { "x" }, state }
    }

    fn kinds(order: Option<&Known>, parts: &[Part<'_>]) -> Vec<&'static str> {
        disagreements(order, parts, |_| true).into_iter().map(|found| found.kind).collect()
    }

    const DONE: [(&str, &str); 5] = [
        ("payment", "captured"),
        ("reservation", "committed"),
        ("prescription", "used"),
        ("hand_out", "standing"),
        ("delivery", "delivered"),
    ];

    #[test]
    fn a_filled_prescription_is_known_to_everybody() {
        let own = Known { sold: true, recorded: true, ..order(Kind::Prescription, State::Completed) };
        let parts: Vec<_> = DONE.iter().map(|(what, state)| part(what, state)).collect();
        assert!(kinds(Some(&own), &parts).is_empty());
        let lacking = |what: &str| {
            let rest: Vec<_> = parts.iter().copied().filter(|part| part.what != what).collect();
            kinds(Some(&own), &rest)
        };
        assert_eq!(lacking("payment"), ["ORDER_WITHOUT_PAYMENT"]);
        assert_eq!(lacking("reservation"), ["ORDER_WITHOUT_STOCK"]);
        assert_eq!(lacking("hand_out"), ["DISPENSED_NOT_RECORDED"]);
        assert_eq!(lacking("delivery"), ["ORDER_WITHOUT_DELIVERY"]);
        // who was not asked is not missed
        assert!(disagreements(Some(&own), &[], |_| false).is_empty());
    }

    #[test]
    fn a_refunded_order_is_undone_everywhere() {
        let own = order(Kind::Prescription, State::Refunded);
        let parts: Vec<_> = DONE.iter().map(|(what, state)| part(what, state)).collect();
        assert_eq!(
            kinds(Some(&own), &parts),
            ["PAID_BUT_ORDER_IS", "STOCK_DIFFERS", "DISPENSED_BUT_ORDER_IS"]
        );
        let undone =
            [part("payment", "refunded"), part("reservation", "returned"), part("delivery", "cancelled")];
        assert!(kinds(Some(&own), &undone).is_empty());
        assert_eq!(kinds(Some(&own), &[part("payment", "voided")]), ["ORDER_REFUNDED_BUT_PAYMENT_IS"]);
    }

    #[test]
    fn what_stands_without_an_order_is_named() {
        let parts: Vec<_> = DONE.iter().map(|(what, state)| part(what, state)).collect();
        assert_eq!(
            kinds(None, &parts),
            ["PAID_WITHOUT_ORDER", "STOCK_WITHOUT_ORDER", "DISPENSED_WITHOUT_ORDER"]
        );
        let ended =
            [part("payment", "voided"), part("reservation", "released"), part("delivery", "cancelled")];
        assert!(kinds(None, &ended).is_empty());
    }

    #[test]
    fn an_order_that_waits_or_pays_has_its_stock_and_no_money() {
        for state in [State::AwaitingPayment, State::Paying] {
            let own = Known { payment_id: String::new(), ..order(Kind::Otc, state) };
            assert!(kinds(Some(&own), &[part("reservation", "held")]).is_empty());
            assert_eq!(kinds(Some(&own), &[part("reservation", "expired")]), ["STOCK_DIFFERS"]);
            let paid = [part("reservation", "held"), part("payment", "captured")];
            assert_eq!(kinds(Some(&own), &paid), ["PAID_BUT_ORDER_IS"]);
        }
        let own = order(Kind::Otc, State::Paid);
        let twice = [part("reservation", "held"), part("payment", "captured"), part("payment", "captured")];
        assert_eq!(kinds(Some(&own), &twice), ["PAID_TWICE"]);
    }
}
