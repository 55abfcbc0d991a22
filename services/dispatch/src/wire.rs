//! Protobuf to commands and back; every bad field is named.

use liufang_kernel::phone::Phone;
use liufang_kernel::{Fen, Sensitive, Timestamp, Violations, codes};
use liufang_platform::CallMeta;
use liufang_proto::common::v1::GeoPoint;
use liufang_proto::dispatch::v1 as pb;

use crate::app::*;
use crate::domain::delivery::{FailedAttempt, State};
use crate::domain::geo::Point;
use crate::domain::{code, cold};
use crate::store::track::TrackPoint;

pub fn quote(request: pb::QuoteDeliveryRequest, _: &CallMeta) -> Result<Quote, Violations> {
    let mut violations = Violations::new();
    let to = point(&mut violations, "to", request.to);
    let fixmedins_code = institution(&mut violations, request.fixmedins_code);
    let region = region(&mut violations, request.region);
    let cold_chain = request.cold_chain;
    violations.finish(to.map(|to| Quote { fixmedins_code, to: to.into(), cold_chain, region }))
}

pub fn create(request: pb::CreateDeliveryRequest, _: &CallMeta) -> Result<Create, Violations> {
    let mut violations = Violations::new();
    let order_id = violations.text("order_id", &request.order_id, 64);
    let person_id = violations.text("person_id", &request.person_id, 64);
    let fixmedins_code = institution(&mut violations, request.fixmedins_code);
    let region = region(&mut violations, request.region);
    let platform = violations.optional_text("platform", &request.platform, 64);
    let to = point(&mut violations, "to", request.to);
    let address = violations.text("address", &request.address, 200);
    let name = violations.text("recipient_name", &request.recipient_name, 50);
    let phone = violations.take("recipient_phone", Phone::parse(&request.recipient_phone));
    violations.check(request.fee_fen >= 0, "fee_fen", "must not be negative");
    let create = to.zip(phone).map(|(to, phone)| Create {
        order_id,
        person_id,
        fixmedins_code,
        region,
        platform,
        to: to.into(),
        address: address.into(),
        recipient_name: name.into(),
        recipient_phone: Sensitive::new(phone.reveal().to_owned()),
        cold_chain: request.cold_chain,
        fee: Fen(request.fee_fen),
    });
    violations.finish(create)
}

/// An order's id.
pub fn order_id(text: &str) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let order_id = violations.text("order_id", text, 64);
    violations.finish(Some(order_id))
}

pub fn which(request: pb::GetDeliveryRequest, _: &CallMeta) -> Result<Which, Violations> {
    match (request.delivery_id.is_empty(), request.order_id.is_empty()) {
        (false, true) => Ok(Which::Delivery(request.delivery_id)),
        (true, false) => Ok(Which::Order(request.order_id)),
        _ => Err(Violations::of("delivery_id", "exactly one of delivery_id and order_id must be set")),
    }
}

pub fn track(
    request: pb::TrackDeliveryRequest,
    _: &CallMeta,
) -> Result<pb::TrackDeliveryRequest, Violations> {
    let mut violations = Violations::new();
    violations.text("delivery_id", &request.delivery_id, 64);
    violations.check(request.after_sequence >= 0, "after_sequence", "must not be negative");
    violations.finish(Some(request))
}

pub fn start_shift(request: pb::StartShiftRequest, _: &CallMeta) -> Result<StartShift, Violations> {
    let mut violations = Violations::new();
    let position = point(&mut violations, "position", request.position);
    let region = region(&mut violations, request.region);
    let (capacity, cold_box) = (request.capacity, request.cold_box);
    violations.check((1..=20).contains(&capacity), "capacity", "must be between 1 and 20");
    violations.finish(position.map(|position| StartShift { position, region, capacity, cold_box }))
}

pub fn report_position(
    request: pb::ReportPositionRequest,
    _: &CallMeta,
) -> Result<ReportPosition, Violations> {
    let mut violations = Violations::new();
    let position = point(&mut violations, "position", request.position);
    let at = Timestamp(request.at_us);
    violations.finish(position.map(|position| ReportPosition { position, at }))
}

pub fn confirm_pick_up(request: pb::ConfirmPickUpRequest, _: &CallMeta) -> Result<ConfirmPickUp, Violations> {
    let mut violations = Violations::new();
    let delivery_id = violations.text("delivery_id", &request.delivery_id, 64);
    let hand_over_code = six_digits(&mut violations, "hand_over_code", request.hand_over_code);
    violations.finish(Some(ConfirmPickUp { delivery_id, hand_over_code, at: Timestamp(request.at_us) }))
}

pub fn confirm_delivery(
    request: pb::ConfirmDeliveryRequest,
    _: &CallMeta,
) -> Result<ConfirmDelivery, Violations> {
    let mut violations = Violations::new();
    let delivery_id = violations.text("delivery_id", &request.delivery_id, 64);
    let recipient_code = six_digits(&mut violations, "recipient_code", request.recipient_code);
    violations.finish(Some(ConfirmDelivery { delivery_id, recipient_code, at: Timestamp(request.at_us) }))
}

pub fn failed_attempt(
    request: pb::ReportFailedAttemptRequest,
    _: &CallMeta,
) -> Result<ReportFailedAttempt, Violations> {
    let mut violations = Violations::new();
    let delivery_id = violations.text("delivery_id", &request.delivery_id, 64);
    let reason = FailedAttempt::from_word(&request.reason);
    let problem = "must be no_one_home, refused, wrong_address or unreachable";
    violations.check(reason.is_some(), "reason", problem);
    let at = Timestamp(request.at_us);
    violations.finish(reason.map(|reason| ReportFailedAttempt { delivery_id, reason, at }))
}

pub fn confirm_return(request: pb::ConfirmReturnRequest, _: &CallMeta) -> Result<ConfirmReturn, Violations> {
    let mut violations = Violations::new();
    let delivery_id = violations.text("delivery_id", &request.delivery_id, 64);
    violations.finish(Some(ConfirmReturn { delivery_id, at: Timestamp(request.at_us) }))
}

pub fn log_temperature(
    request: pb::LogTemperatureRequest,
    _: &CallMeta,
) -> Result<LogTemperature, Violations> {
    let mut violations = Violations::new();
    let delivery_id = violations.text("delivery_id", &request.delivery_id, 64);
    let tenths_celsius = request.tenths_celsius;
    let measurable = cold::MEASURABLE.contains(&tenths_celsius);
    violations.check(measurable, "tenths_celsius", "must be between -600 and 1000");
    violations.finish(Some(LogTemperature { delivery_id, tenths_celsius, at: Timestamp(request.at_us) }))
}

fn point(violations: &mut Violations, field: &str, point: Option<GeoPoint>) -> Option<Point> {
    let Some(GeoPoint { lat_e6, lng_e6 }) = point else {
        violations.add(field, "must be set");
        return None;
    };
    let point = Point { lat_e6, lng_e6 };
    violations.check(point.is_valid(), field, "must be a point on the earth");
    Some(point)
}

fn institution(violations: &mut Violations, code: String) -> String {
    let valid = codes::is_institution_code(&code);
    violations.check(valid, "fixmedins_code", "must be an institution code");
    code
}

fn region(violations: &mut Violations, code: String) -> String {
    violations.check(codes::is_region_code(&code), "region", "must be a region code of 6 digits");
    code
}

fn six_digits(violations: &mut Violations, field: &str, text: String) -> Sensitive<String> {
    let digits = text.len() == code::DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    violations.check(digits, field, "must be six digits");
    Sensitive::new(text)
}

/// The contract's number of a state.
pub fn state(state: State) -> i32 {
    let state = match state {
        State::Waiting => pb::DeliveryState::Waiting,
        State::Ready => pb::DeliveryState::Ready,
        State::Assigned => pb::DeliveryState::Assigned,
        State::PickedUp => pb::DeliveryState::PickedUp,
        State::Delivered => pb::DeliveryState::Delivered,
        State::Returning => pb::DeliveryState::Returning,
        State::Returned => pb::DeliveryState::Returned,
        State::Cancelled => pb::DeliveryState::Cancelled,
    };
    state.into()
}

fn geo(point: Point) -> GeoPoint {
    GeoPoint { lat_e6: point.lat_e6, lng_e6: point.lng_e6 }
}

impl From<View> for pb::Delivery {
    fn from(view: View) -> pb::Delivery {
        pb::Delivery {
            delivery_id: view.delivery_id,
            order_id: view.order_id,
            fixmedins_code: view.fixmedins_code,
            state: state(view.state),
            courier_code: view.courier_code,
            from: Some(geo(view.from)),
            to: view.door.map(geo),
            recipient_name: view.recipient_name,
            recipient_phone: view.recipient_phone,
            address: view.address,
            cold_chain: view.cold_chain,
            promised_at_us: view.promised_at.0,
            fee_fen: view.fee.0,
            failed_attempts: view.failed_attempts,
            version: view.version,
        }
    }
}

impl From<Quoted> for pb::QuoteDeliveryResponse {
    fn from(quoted: Quoted) -> pb::QuoteDeliveryResponse {
        pb::QuoteDeliveryResponse {
            delivery_fee_fen: quoted.delivery_fee.0,
            packing_fee_fen: quoted.packing_fee.0,
            distance_m: quoted.distance_m,
            eta_seconds: quoted.eta_seconds,
        }
    }
}

impl From<Ready> for pb::MarkReadyResponse {
    fn from(ready: Ready) -> pb::MarkReadyResponse {
        pb::MarkReadyResponse { delivery: Some(ready.view.into()), hand_over_code: ready.hand_over_code }
    }
}

impl From<WithCode> for pb::GetDeliveryResponse {
    fn from(found: WithCode) -> pb::GetDeliveryResponse {
        pb::GetDeliveryResponse { delivery: Some(found.view.into()), recipient_code: found.recipient_code }
    }
}

/// A track point with its sequence, for the feed.
pub fn tracked(point: TrackPoint) -> (i64, pb::TrackDeliveryResponse) {
    let sequence = point.sequence;
    let point = pb::TrackPoint {
        sequence,
        at_us: point.at.0,
        state: state(point.state),
        position: point.position.map(geo),
        note: point.note,
    };
    (sequence, pb::TrackDeliveryResponse { point: Some(point) })
}
