//! Server streams: passed on as they come, ended by a status, never served as JSON.

use liufang_proto::dispatch::v1 as dispatch;
use liufang_proto::order::v1 as order;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::backend::world;
use crate::GatewayConfig;

#[tokio::test]
async fn streams_pass_to_their_end() {
    let world = world(GatewayConfig::default()).await;
    let mut orders = order::order_service_client::OrderServiceClient::new(world.channel().await);
    let mut stream = orders.watch_order(order::WatchOrderRequest::default()).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    assert!(stream.message().await.unwrap().is_none());

    let (_, _, trailers) =
        world.web("/liufang.order.v1.OrderService/WatchOrder", &order::WatchOrderRequest::default()).await;
    assert!(trailers.replace(' ', "").contains("grpc-status:0"), "{trailers}");
}

#[tokio::test]
async fn open_streams_end_with_a_status() {
    let world = world(GatewayConfig { max_stream_ms: 200, ..GatewayConfig::default() }).await;
    let mut deliveries = dispatch::delivery_service_client::DeliveryServiceClient::new(world.channel().await);
    let request = dispatch::TrackDeliveryRequest::default();
    let mut stream = deliveries.track_delivery(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let status = stream.message().await.err().unwrap();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.get_details_error_info().unwrap().reason, "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn streams_have_room_of_their_own() {
    let world = world(GatewayConfig { max_streams: 1, ..GatewayConfig::default() }).await;
    let mut deliveries = dispatch::delivery_service_client::DeliveryServiceClient::new(world.channel().await);
    let open = deliveries.track_delivery(dispatch::TrackDeliveryRequest::default()).await.unwrap();
    let status = deliveries.track_delivery(dispatch::TrackDeliveryRequest::default()).await.err().unwrap();
    assert_eq!(status.get_details_error_info().unwrap().reason, "GATEWAY_OVERLOADED");
    drop(open);
    let mut again = deliveries.track_delivery(dispatch::TrackDeliveryRequest::default()).await;
    for _ in 0..100 {
        if again.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        again = deliveries.track_delivery(dispatch::TrackDeliveryRequest::default()).await;
    }
    assert!(again.is_ok());
}

#[tokio::test]
async fn streams_are_not_json() {
    let world = world(GatewayConfig::default()).await;
    let answer = world.json("/liufang.order.v1.OrderService/WatchOrder", "{}").await;
    assert_eq!(answer.refusal(), ("unimplemented".into(), "STREAM_NEEDS_GRPC".into()));
}
