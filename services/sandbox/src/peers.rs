//! Calls out: the channel's notices to the merchant.

use liufang_platform::{PeerFault, Peers, outgoing};
use liufang_proto::settlement::v1 as pb;
use liufang_proto::settlement::v1::payment_service_client::PaymentServiceClient;

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
