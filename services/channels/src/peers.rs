//! Calls out: to the channels in their own formats, and to settlement.

pub mod alipay;
pub mod wechat;

use liufang_platform::{Ids, PeerFault, Peers, outgoing};
use liufang_proto::settlement::v1 as pb;
use pb::payment_service_client::PaymentServiceClient;

/// Time and numbers of one call.
#[derive(Clone, Copy)]
pub struct Moment {
    pub now: liufang_kernel::Timestamp,
    pub ids: Ids,
}

/// What settlement is told.
pub struct Notify {
    /// Number of the channel in the contract.
    pub channel: i32,
    pub body: Vec<u8>,
    pub signature: String,
    /// Idempotency key.
    pub key: String,
}

/// Tells settlement.
pub async fn notify(peers: &Peers, notify: Notify) -> Result<(), PeerFault> {
    let Notify { channel, body, signature, key } = notify;
    let request = pb::NotifyPaymentRequest { channel, body, signature };
    let mut settlement = PaymentServiceClient::new(peers.mesh("settlement"));
    settlement.notify_payment(outgoing::keyed(request, key)).await.map_err(PeerFault::from)?;
    Ok(())
}
