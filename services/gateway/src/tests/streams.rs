//! Server streams: passed on as they come and always ended by a status.

use http::Method;
use liufang_proto::dispatch::v1 as dispatch;
use liufang_proto::order::v1 as order;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::backend::{World, world, world_with};
use super::client::{GET_KEY_SET, send};
use crate::GatewayConfig;

const WATCH_ORDER: &str = "/liufang.order.v1.OrderService/WatchOrder";
/// `{}` in an envelope.
const EMPTY: &[u8] = b"\0\0\0\0\x02{}";

#[tokio::test]
async fn streams_pass_to_their_end() {
    let world = world(GatewayConfig::default()).await;
    let mut orders = order::order_service_client::OrderServiceClient::new(world.channel().await);
    let mut stream = orders.watch_order(order::WatchOrderRequest::default()).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    assert!(stream.message().await.unwrap().is_none());

    let (_, _, trailers) = world.web(WATCH_ORDER, &order::WatchOrderRequest::default()).await;
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
async fn streams_are_not_unary_json() {
    let world = world(GatewayConfig::default()).await;
    let answer = world.json(WATCH_ORDER, "{}").await;
    assert_eq!(answer.refusal(), ("unimplemented".into(), "STREAMING_METHOD".into()));
}

/// Sends `{}` in an envelope; the answer's envelopes as `(flag, JSON)`.
async fn connect(world: &World, path: &str, request: &[u8]) -> Vec<(u8, Value)> {
    let headers = [("content-type", "application/connect+json"), ("connect-protocol-version", "1")];
    let answer = send(world.address, Method::POST, path, &headers, request.to_vec()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], headers[0].1);
    let (mut envelopes, mut rest) = (Vec::new(), &answer.body[..]);
    while let Some(([flag, length @ ..], tail)) = rest.split_first_chunk::<5>() {
        let (payload, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
        envelopes.push((*flag, serde_json::from_slice(payload).unwrap()));
        rest = tail;
    }
    envelopes
}

#[tokio::test]
async fn streams_are_enveloped_json() {
    let world = world(GatewayConfig { max_stream_ms: 300, ..GatewayConfig::default() }).await;
    let envelopes = connect(&world, WATCH_ORDER, EMPTY).await;
    assert_eq!(envelopes.len(), 2, "{envelopes:?}");
    assert_eq!((envelopes[0].0, envelopes[0].1.is_object()), (0, true));
    assert_eq!(envelopes[1], (2, serde_json::json!({})));

    let open = connect(&world, "/liufang.dispatch.v1.DeliveryService/TrackDelivery", EMPTY).await;
    assert_eq!((open.len(), open[1].0), (2, 2));
    assert_eq!(open[1].1["error"]["code"], "deadline_exceeded");

    for (path, request, reason) in [
        (WATCH_ORDER, b"{}".as_slice(), "REQUEST_MALFORMED"),
        (WATCH_ORDER, b"\0\0\0\0\x07{\"a\":1}", "REQUEST_MALFORMED"),
        (GET_KEY_SET, EMPTY, "REQUEST_MALFORMED"),
        ("/liufang.hooks.v1.PaymentChannel/CreatePayment", EMPTY, "METHOD_NOT_FOUND"),
    ] {
        let refused = connect(&world, path, request).await;
        assert_eq!((refused.len(), refused[0].0), (1, 2), "{path}");
        assert_eq!(refused[0].1["error"]["details"][0]["debug"]["reason"], reason, "{path}");
    }
}

#[tokio::test]
async fn streams_end_when_the_process_stops() {
    let closing = CancellationToken::new();
    let world = world_with(GatewayConfig::default(), |gateway| gateway.closing(closing.clone())).await;
    let mut deliveries = dispatch::delivery_service_client::DeliveryServiceClient::new(world.channel().await);
    let request = dispatch::TrackDeliveryRequest::default();
    let mut stream = deliveries.track_delivery(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    closing.cancel();
    let status = stream.message().await.err().unwrap();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_details_error_info().unwrap().reason, "GATEWAY_CLOSING");
    // calls that came with the last connections are still answered
    assert_eq!(world.json(GET_KEY_SET, "{}").await.status, 200);
}
