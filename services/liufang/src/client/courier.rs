//! A courier's app: shift, assignments, pick-up, hand-over.

use liufang_proto::common::v1::GeoPoint;
use liufang_proto::dispatch::v1::{
    ConfirmDeliveryRequest, ConfirmDeliveryResponse, ConfirmPickUpRequest, ConfirmPickUpResponse,
    ConfirmReturnRequest, ConfirmReturnResponse, Delivery, EndShiftRequest, EndShiftResponse,
    GetDeliveryRequest, GetDeliveryResponse, ListAssignmentsRequest, ListAssignmentsResponse,
    LogTemperatureRequest, LogTemperatureResponse, ReportFailedAttemptRequest, ReportFailedAttemptResponse,
    ReportPositionRequest, ReportPositionResponse, StartShiftRequest, StartShiftResponse,
};

use super::calls::{calls, keyed};
use super::{Answer, Gateway, MachineKey, Session};

/// One courier.
#[derive(Clone)]
pub struct Courier {
    session: Session,
    code: String,
}

keyed!(Courier);

impl Courier {
    /// `code` is the courier's practitioner code the key is registered for.
    pub fn new(gateway: &Gateway, key: MachineKey, code: &str) -> Courier {
        Courier { session: Session::machine(gateway, key), code: code.to_owned() }
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    /// The delivery of an order among the courier's assignments.
    pub async fn assignment(&self, order_id: &str) -> Answer<Option<Delivery>> {
        let all = self.list_assignments(ListAssignmentsRequest {}).await?.deliveries;
        Ok(all.into_iter().find(|delivery| delivery.order_id == order_id))
    }

    /// Goes on shift with a cold box.
    pub async fn go_on_shift(&self, position: GeoPoint, region: &str, capacity: i32) -> Answer<()> {
        let body = StartShiftRequest {
            position: Some(position),
            region: region.to_owned(),
            capacity,
            cold_box: true,
        };
        self.start_shift(body).await.map(|_| ())
    }

    /// Takes the goods at the pharmacy.
    pub async fn pick_up(&self, delivery_id: &str, hand_over_code: &str) -> Answer<Delivery> {
        let body = ConfirmPickUpRequest {
            delivery_id: delivery_id.to_owned(),
            hand_over_code: hand_over_code.to_owned(),
            at_us: self.session.gateway().now().0,
        };
        Ok(self.confirm_pick_up(body).await?.delivery.unwrap_or_default())
    }

    /// Hands over at the door against the recipient's code.
    pub async fn hand_over(&self, delivery_id: &str, recipient_code: &str) -> Answer<Delivery> {
        let body = ConfirmDeliveryRequest {
            delivery_id: delivery_id.to_owned(),
            recipient_code: recipient_code.to_owned(),
            at_us: self.session.gateway().now().0,
        };
        Ok(self.confirm_delivery(body).await?.delivery.unwrap_or_default())
    }
}

calls!(Courier {
    write start_shift: Couriers.start_shift(StartShiftRequest) -> StartShiftResponse;
    write end_shift: Couriers.end_shift(EndShiftRequest) -> EndShiftResponse;
    write report_position: Couriers.report_position(ReportPositionRequest) -> ReportPositionResponse;
    read list_assignments: Couriers.list_assignments(ListAssignmentsRequest) -> ListAssignmentsResponse;
    write confirm_pick_up: Couriers.confirm_pick_up(ConfirmPickUpRequest) -> ConfirmPickUpResponse;
    write confirm_delivery: Couriers.confirm_delivery(ConfirmDeliveryRequest) -> ConfirmDeliveryResponse;
    write report_failed_attempt: Couriers.report_failed_attempt(ReportFailedAttemptRequest) -> ReportFailedAttemptResponse;
    write confirm_return: Couriers.confirm_return(ConfirmReturnRequest) -> ConfirmReturnResponse;
    write log_temperature: Couriers.log_temperature(LogTemperatureRequest) -> LogTemperatureResponse;
    read get_delivery: Deliveries.get_delivery(GetDeliveryRequest) -> GetDeliveryResponse;
});
