//! Deliveries.

use liufang_kernel::{Fen, Sensitive};
use liufang_platform::{PeerFault, outgoing};
use liufang_proto::common::v1::GeoPoint;
use liufang_proto::dispatch::v1 as pb;
use pb::delivery_service_client::DeliveryServiceClient;
use tonic::Request;

use super::Peers;
use super::numbers::present;
use crate::domain::{Door, Fees, Order};
use crate::error::OrderError;

fn point(door: &Door) -> GeoPoint {
    GeoPoint { lat_e6: door.lat_e6, lng_e6: door.lng_e6 }
}

impl Peers {
    /// What the way to the door costs.
    pub async fn delivery_fees(
        &self,
        institution: &str,
        region: &str,
        door: &Door,
        cold_chain: bool,
    ) -> Result<Fees, OrderError> {
        let request = pb::QuoteDeliveryRequest {
            fixmedins_code: institution.to_owned(),
            to: Some(point(door)),
            cold_chain,
            region: region.to_owned(),
        };
        let mut client = DeliveryServiceClient::new(self.dispatch());
        let answer =
            client.quote_delivery(Request::new(request)).await.map_err(PeerFault::from)?.into_inner();
        Ok(Fees { delivery: Fen(answer.delivery_fee_fen), packing: Fen(answer.packing_fee_fen) })
    }

    /// Creates the delivery of a paid order; answers its id.
    pub async fn create_delivery(&self, order: &Order, key: String) -> Result<String, OrderError> {
        let door = present(order.door.as_ref())?.reveal();
        let request = pb::CreateDeliveryRequest {
            order_id: order.id.clone(),
            person_id: order.person_id.clone(),
            fixmedins_code: order.fixmedins_code.clone(),
            region: order.region.clone(),
            platform: order.platform.clone(),
            to: Some(point(door)),
            address: door.address.clone(),
            recipient_name: door.recipient_name.clone(),
            recipient_phone: door.recipient_phone.clone(),
            cold_chain: order.cold_chain,
            fee_fen: order.fees.delivery.0,
        };
        let mut client = DeliveryServiceClient::new(self.dispatch());
        let answer = client.create_delivery(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(present(answer.into_inner().delivery)?.delivery_id)
    }

    /// Tells that the goods are packed; answers the hand-over code.
    pub async fn mark_ready(&self, order: &Order, key: String) -> Result<Sensitive<String>, OrderError> {
        let request = pb::MarkReadyRequest { order_id: order.id.clone() };
        let mut client = DeliveryServiceClient::new(self.dispatch());
        let answer = client.mark_ready(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(Sensitive::new(answer.into_inner().hand_over_code))
    }

    /// Gives the delivery up.
    pub async fn cancel_delivery(&self, order: &Order, key: String) -> Result<(), OrderError> {
        let request = pb::CancelDeliveryRequest { order_id: order.id.clone() };
        let mut client = DeliveryServiceClient::new(self.dispatch());
        client.cancel_delivery(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
        Ok(())
    }
}
