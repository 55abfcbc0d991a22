//! Orders out. The four finer states are shown as the contract's neighbour.

use liufang_proto::common::v1 as common;
use liufang_proto::order::v1 as pb;
use liufang_proto::settlement::v1::Quote;
use prost::Message;

use crate::app::{Dispensed, View};
use crate::domain::{Fulfilment, Kind, Line, State};
use crate::store::story::Told;

/// The contract's word for a state.
pub fn order_state(state: State) -> pb::OrderState {
    use pb::OrderState;
    match state {
        State::Placing | State::Refused => OrderState::Unspecified,
        State::AwaitingPharmacy | State::Reserving => OrderState::AwaitingPharmacy,
        State::AwaitingPayment => OrderState::AwaitingPayment,
        State::Paying => OrderState::Paying,
        State::Paid | State::Dispensing => OrderState::Paid,
        State::Dispensed => OrderState::Dispensed,
        State::Delivering => OrderState::Delivering,
        State::Completed => OrderState::Completed,
        State::Cancelled => OrderState::Cancelled,
        State::Refunding => OrderState::Refunding,
        State::Refunded => OrderState::Refunded,
    }
}

/// Our states behind the contract's word; none for the unspecified one.
pub(super) fn public_states(wanted: pb::OrderState) -> Vec<State> {
    let visible = State::ALL.into_iter().filter(|state| state.is_visible());
    visible.filter(|state| order_state(*state) == wanted).collect()
}

/// The contract's word for a kind.
pub fn order_kind(kind: Kind) -> pb::OrderKind {
    match kind {
        Kind::Otc => pb::OrderKind::Otc,
        Kind::Prescription => pb::OrderKind::Prescription,
        Kind::Consultation => pb::OrderKind::Consultation,
        Kind::Counter => pb::OrderKind::Counter,
    }
}

fn fulfilment(own: Fulfilment) -> common::Fulfilment {
    match own {
        Fulfilment::PickUp => common::Fulfilment::PickUp,
        Fulfilment::Delivery => common::Fulfilment::Delivery,
        Fulfilment::None => common::Fulfilment::None,
    }
}

fn line(own: Line) -> pb::OrderLine {
    pb::OrderLine {
        line_no: i32::try_from(own.line_no).unwrap_or(i32::MAX),
        med_list_codg: own.med_list_codg,
        name: own.name,
        quantity: own.quantity.to_string(),
        price: own.price.to_string(),
        amount_fen: own.amount.0,
        hi_mark: own.hi_mark,
    }
}

/// The quote as the settlement service wrote it. We wrote the hex ourselves, so it reads back.
fn quote(hex: &str) -> Option<Quote> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = hex.as_bytes().chunks_exact(2);
    let bytes: Option<Vec<u8>> = pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect();
    if hex.is_empty() { None } else { Quote::decode(bytes?.as_slice()).ok() }
}

/// The whole order.
pub(super) fn rendered(view: View) -> pb::Order {
    pb::Order {
        kind: order_kind(view.kind).into(),
        fulfilment: fulfilment(view.fulfilment).into(),
        state: order_state(view.state).into(),
        quote: quote(&view.quote),
        lines: view.lines.into_iter().map(line).collect(),
        order_id: view.id,
        person_id: view.person_id,
        platform: view.platform,
        region: view.region,
        fixmedins_code: view.fixmedins_code,
        hi_rxno: view.hi_rxno,
        visit_id: view.visit_id,
        pay_by_us: view.pay_by.0,
        payment_id: view.payment_id,
        delivery_id: view.delivery_id,
        collection_code: view.collection_code,
        cancel_reason: view.cancel_reason,
        created_at_us: view.created_at.0,
        version: view.version,
    }
}

/// A line of the story.
pub fn told(own: Told) -> pb::WatchOrderResponse {
    let event = pb::StoryEvent {
        sequence: own.sequence,
        at_us: own.at.0,
        step: own.step,
        state: order_state(own.state).into(),
        detail: own.detail,
    };
    pb::WatchOrderResponse { event: Some(event) }
}

macro_rules! answers {
    ($($name:ident),*) => {$(
        impl From<View> for pb::$name {
            fn from(view: View) -> pb::$name {
                pb::$name { order: Some(rendered(view)) }
            }
        }
    )*};
}

answers!(
    PlaceOrderResponse,
    RequoteOrderResponse,
    PayOrderResponse,
    GetOrderResponse,
    CancelOrderResponse,
    CollectOrderResponse,
    ReturnOrderResponse,
    PlaceCounterSaleResponse,
    PayCounterSaleResponse,
    CancelCounterSaleResponse
);

impl From<Dispensed> for pb::DispenseOrderResponse {
    fn from(own: Dispensed) -> pb::DispenseOrderResponse {
        pb::DispenseOrderResponse { order: Some(rendered(own.order)), hand_over_code: own.hand_over_code }
    }
}
