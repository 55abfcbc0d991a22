//! Which steps follow one another.

use liufang_kernel::Quantity;

use super::{Argument, Buyer, Channel, Fulfilment, Kind, Next, Order, Payers, Scan, State, Step};

/// Steps that place an order; `sale` is what a counter sale is taken over with. Its goods come first: a shelf that is short
/// must not end the claim.
pub fn placing(kind: Kind, sale: Argument) -> Vec<Next> {
    match kind {
        Kind::Otc => vec![Step::Reserve.into(), Step::Quote.into()],
        Kind::Prescription => vec![Step::Nominate.into()],
        Kind::Consultation => vec![Step::Quote.into()],
        Kind::Counter => {
            let take_over = Next { step: Step::TakeOver, argument: sale };
            vec![Step::Reserve.into(), take_over, Step::Quote.into()]
        }
    }
}

/// Steps after the pharmacist's pass.
pub fn reviewed() -> Vec<Next> {
    vec![Step::Reserve.into(), Step::Quote.into()]
}

/// Steps of a payment.
pub fn paying(channel: Option<Channel>, buyer: Option<Buyer>) -> Vec<Next> {
    let argument = Argument { channel, buyer, ..Argument::default() };
    vec![Next { step: Step::Authorise, argument }, Step::Capture.into()]
}

/// Another quote with these payers.
pub fn requoting(payers: Payers) -> Vec<Next> {
    vec![Next { step: Step::Quote, argument: Argument { payers: Some(payers), ..Argument::default() } }]
}

/// Steps once the money is there.
pub fn after_payment(order: &Order) -> Vec<Next> {
    match (order.kind, order.fulfilment) {
        (Kind::Consultation, _) => vec![Step::MarkVisitPaid.into()],
        (_, Fulfilment::Delivery) => vec![Step::Extend.into(), Step::CreateDelivery.into()],
        _ => vec![Step::Extend.into()],
    }
}

/// Steps of dispensing. What an earlier attempt already did is left out: between its sale and its 7207 the secret may have
/// been recovered anew.
pub fn dispensing(order: &Order, pharmacist: String, scans: Vec<Scan>, secret: String) -> Vec<Next> {
    let mut steps = Vec::new();
    if order.sold.is_empty() {
        let argument = Argument { pharmacist, scans, ..Argument::default() };
        steps.push(Next { step: Step::Commit, argument });
    }
    if order.kind.has_prescription() && !order.recorded {
        steps.push(Next { step: Step::RecordDispense, argument: Argument { secret, ..Argument::default() } });
    }
    if order.fulfilment == Fulfilment::Delivery {
        steps.push(Step::MarkReady.into());
    }
    steps
}

/// The step that ends dispensing.
pub(super) fn last_of_dispensing(order: &Order) -> Step {
    match (order.fulfilment, order.kind) {
        (Fulfilment::Delivery, _) => Step::MarkReady,
        (_, Kind::Prescription | Kind::Counter) => Step::RecordDispense,
        _ => Step::Commit,
    }
}

/// What an order that never was paid has to give back. Every step is harmless when there is nothing to give back.
pub fn frees(kind: Kind, state: State) -> Vec<Next> {
    match (kind, state) {
        (Kind::Otc, _) => vec![Step::Release.into()],
        (Kind::Prescription, State::Placing | State::AwaitingPharmacy) => {
            vec![Step::ReleaseNomination.into()]
        }
        (Kind::Prescription | Kind::Counter, _) => vec![Step::Release.into(), Step::ReleaseNomination.into()],
        // a booking is the patient's until the order really existed
        (Kind::Consultation, State::Placing) => Vec::new(),
        (Kind::Consultation, _) => vec![Step::ReleaseVisit.into()],
    }
}

/// Steps that take a paid order back before its goods were sold.
pub fn taking_back(order: &Order) -> Vec<Next> {
    let mut steps: Vec<Next> = Vec::new();
    if order.fulfilment == Fulfilment::Delivery {
        steps.push(Step::CancelDelivery.into());
    }
    steps.extend(frees(order.kind, State::Paid));
    steps.push(Step::Refund.into());
    steps
}

/// Some goods come back; the order stands with the rest.
pub(super) fn returning(scans: Vec<Scan>) -> Vec<Next> {
    let argument = Argument { scans, ..Argument::default() };
    vec![Next { step: Step::ReturnGoods, argument }]
}

/// What the goods that came back cost goes back.
pub(super) fn refunding(goods: Vec<(u32, Quantity)>) -> Vec<Next> {
    let argument = Argument { goods, ..Argument::default() };
    vec![Next { step: Step::RefundGoods, argument }]
}

/// Steps that take sold goods back: 3506, 7208, then the money.
pub fn giving_back(order: &Order) -> Vec<Next> {
    let mut steps: Vec<Next> = Vec::new();
    if order.fulfilment == Fulfilment::Delivery && matches!(order.state, State::Paid | State::Dispensed) {
        steps.push(Step::CancelDelivery.into());
    }
    steps.push(Step::ReturnSale.into());
    if order.kind.has_prescription() {
        steps.push(if order.recorded { Step::ReverseDispense } else { Step::ReleaseNomination }.into());
    }
    steps.push(Step::Refund.into());
    steps
}
