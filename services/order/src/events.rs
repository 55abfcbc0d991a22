//! News out: [`pb::OrderChanged`]. News in: payments, claims, reviews, deliveries, reservations.

use liufang_kernel::Timestamp;
use liufang_platform::Consumer;
use liufang_proto::dispatch::v1::{DeliveryChanged, DeliveryState};
use liufang_proto::inventory::v1::ReservationExpired;
use liufang_proto::order::v1 as pb;
use liufang_proto::prescription::v1::{PrescriptionClaimed, PrescriptionReleased, PrescriptionReviewed};
use liufang_proto::settlement::v1::{PaymentCaptured, PaymentEnded, PaymentRefunded};

use crate::app::App;
use crate::domain::{Journey, Kind, Order, Payment, State};
use crate::wire;

/// The consumer's name on the bus.
const NAME: &str = "order";

/// An order came into `state`.
pub fn changed(order: &Order, state: State, now: Timestamp) -> pb::OrderChanged {
    let kind = match order.kind {
        Kind::Otc => pb::OrderKind::Otc,
        Kind::Prescription => pb::OrderKind::Prescription,
        Kind::Consultation => pb::OrderKind::Consultation,
        Kind::Counter => pb::OrderKind::Counter,
    };
    pb::OrderChanged {
        order_id: order.id.clone(),
        kind: kind.into(),
        region: order.region.clone(),
        fixmedins_code: order.fixmedins_code.clone(),
        person_id: order.person_id.clone(),
        state: wire::order_state(state).into(),
        reason: order.cancel_reason.clone(),
        at_us: now.0,
    }
}

fn journey(state: DeliveryState) -> Option<Journey> {
    match state {
        DeliveryState::PickedUp => Some(Journey::PickedUp),
        DeliveryState::Delivered => Some(Journey::Delivered),
        DeliveryState::Returned => Some(Journey::Returned),
        _ => None,
    }
}

/// Everything the order service listens to.
pub fn consumers(app: &App) -> Vec<Consumer> {
    vec![
        consumer(app, |app, event, body: PaymentCaptured| async move {
            let news = Payment::Captured { setl_id: body.setl_id };
            app.on_payment(&event, &body.order_id, &body.payment_id, news).await
        }),
        consumer(app, |app, event, body: PaymentEnded| async move {
            let news = Payment::Ended { reason: body.reason };
            app.on_payment(&event, &body.order_id, &body.payment_id, news).await
        }),
        consumer(app, |app, event, body: PaymentRefunded| async move {
            app.on_refunded(&event, &body.order_id).await
        }),
        consumer(app, |app, event, body: PrescriptionClaimed| async move {
            app.on_claim(&event, &body.order_id, &body.fixmedins_code).await
        }),
        consumer(app, |app, event, body: PrescriptionReviewed| async move {
            app.on_review(&event, &body.order_id, body.passed).await
        }),
        consumer(app, |app, event, body: PrescriptionReleased| async move {
            app.on_release(&event, &body.order_id, &body.reason).await
        }),
        consumer(app, |app, event, body: DeliveryChanged| async move {
            match journey(body.state()) {
                Some(journey) => app.on_delivery(&event, &body.order_id, journey).await,
                None => Ok(()),
            }
        }),
        consumer(app, |app, event, body: ReservationExpired| async move {
            app.on_reservation_expired(&event, &body.order_id).await
        }),
    ]
}

fn consumer<M, H, F>(app: &App, handler: H) -> Consumer
where
    M: prost::Message + prost::Name + Default + 'static,
    H: Fn(App, liufang_platform::Event, M) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), crate::error::OrderError>> + Send + 'static,
{
    let app = app.clone();
    Consumer::new(NAME, move |event, body: M| handler(app.clone(), event, body))
}
