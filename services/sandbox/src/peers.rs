//! Calls out: the notices of the channel and of the mobile-payment centre to the merchant.

use liufang_platform::{PeerFault, Peers, outgoing};
use liufang_proto::settlement::v1 as pb;
use liufang_proto::settlement::v1::payment_service_client::PaymentServiceClient;

use crate::store::mobile::OrderWork;
use crate::store::notices::Notice;

/// Sends a notice to settlement; its row id is the idempotency key.
pub async fn notify(peers: &Peers, notice: &Notice) -> Result<(), PeerFault> {
    let body = pb::NotifyPaymentRequest {
        channel: notice.channel,
        body: notice.body.clone(),
        signature: notice.signature.clone(),
    };
    let mut settlement = PaymentServiceClient::new(peers.mesh("settlement"));
    settlement.notify_payment(outgoing::keyed(body, &notice.row_id)).await.map_err(PeerFault::from)?;
    Ok(())
}

/// Tells settlement how an order stands (6302).
pub async fn notify_order(peers: &Peers, work: &OrderWork) -> Result<(), PeerFault> {
    let order = &work.order;
    let body = pb::NotifyOrderRequest {
        med_org_ord: order.claim.msgid.clone(),
        pay_ord_id: order.pay_ord_id.clone(),
        ord_stas: i32::try_from(order.ord_stas).unwrap_or_default(),
    };
    let key = format!("{}:{}", order.pay_ord_id, order.ord_stas);
    let mut settlement = PaymentServiceClient::new(peers.mesh("settlement"));
    settlement.notify_order(outgoing::keyed(body, &key)).await.map_err(PeerFault::from)?;
    Ok(())
}
