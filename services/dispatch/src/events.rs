//! Events out.

use liufang_kernel::Timestamp;
use liufang_proto::dispatch::v1 as pb;

use crate::store::deliveries::Delivery;
use crate::wire;

/// A delivery changed its state or courier.
pub fn delivery_changed(delivery: &Delivery, at: Timestamp) -> pb::DeliveryChanged {
    pb::DeliveryChanged {
        delivery_id: delivery.delivery_id.clone(),
        order_id: delivery.order_id.clone(),
        state: wire::state(delivery.state),
        courier_code: delivery.courier_code.clone(),
        at_us: at.0,
    }
}
