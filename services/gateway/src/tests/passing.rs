//! What passes: the same answer over every protocol, with the headers that may go along.

use http::Method;
use liufang_proto::identity::v1 as pb;
use prost::Message as _;
use tonic::Request;

use super::backend::{KEYS, world};
use super::client::{GET_KEY_SET, SIGN_IN, send};
use crate::GatewayConfig;

#[tokio::test]
async fn every_protocol_gives_the_same_answer() {
    let world = world(GatewayConfig::default()).await;
    let grpc = world.tokens().await.get_key_set(pb::GetKeySetRequest {}).await.unwrap();
    assert!(grpc.metadata().get("x-liufang-inner").is_none());
    assert_eq!(grpc.into_inner().jwks_json, KEYS);

    let (_, message, trailers) = world.web(GET_KEY_SET, &pb::GetKeySetRequest {}).await;
    assert_eq!(pb::GetKeySetResponse::decode(message.as_slice()).unwrap().jwks_json, KEYS);
    assert!(trailers.replace(' ', "").contains("grpc-status:0"), "{trailers}");

    let json = world.json(GET_KEY_SET, "{}").await;
    assert_eq!((json.status.as_u16(), json.json()), (200, serde_json::json!({ "jwksJson": KEYS })));
    assert_eq!(json.headers["content-type"], "application/json");

    let headers = [("content-type", "application/proto"), ("connect-protocol-version", "1")];
    let proto = send(world.address, Method::POST, GET_KEY_SET, &headers, "").await;
    assert_eq!(pb::GetKeySetResponse::decode(proto.body).unwrap().jwks_json, KEYS);
    assert_eq!(world.seen.count(), 4);
}

#[tokio::test]
async fn json_messages_keep_their_content() {
    let world = world(GatewayConfig::default()).await;
    for body in [r#"{"verificationId":"认证-1"}"#, r#"{"verification_id":"认证-1"}"#] {
        let answer = world.json_with(SIGN_IN, body, &[("idempotency-key", "k1")]).await;
        assert_eq!(answer.json(), serde_json::json!({ "personId": "认证-1" }));
    }
}

#[tokio::test]
async fn only_listed_headers_go_along() {
    let world = world(GatewayConfig::default()).await;
    let mut request = Request::new(pb::GetKeySetRequest {});
    let proof = world.mesh_key.prove("order").unwrap();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (name, value) in [
        ("idempotency-key", "key-1"),
        ("traceparent", trace),
        ("x-request-id", "till-7_42"),
        ("x-liufang-service", proof.as_str()),
        ("x-liufang-anything", "1"),
        ("cookie", "a=b"),
        ("grpc-timeout", "99999H"),
    ] {
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    let answer = world.tokens().await.get_key_set(request).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "till-7_42");
    assert_eq!(world.seen.header("idempotency-key").as_deref(), Some("key-1"));
    assert_eq!(world.seen.header("x-request-id").as_deref(), Some("till-7_42"));
    assert!(world.seen.header("traceparent").unwrap().contains("0af7651916cd43dd8448eb211c80319c"));
    for inner in ["x-liufang-service", "x-liufang-anything", "cookie"] {
        assert_eq!(world.seen.header(inner), None, "{inner}");
    }
    let timeout = world.seen.header("grpc-timeout").unwrap();
    let millis: u64 = timeout.strip_suffix('m').unwrap().parse().unwrap();
    assert!(millis <= GatewayConfig::default().max_deadline_ms, "{timeout}");
}

#[tokio::test]
async fn request_ids_are_made_and_told() {
    let world = world(GatewayConfig::default()).await;
    let answer = world.json_with(GET_KEY_SET, "{}", &[("x-request-id", "not plain!")]).await;
    let told = answer.headers["x-request-id"].to_str().unwrap();
    assert!(told.starts_with("req_"), "{told}");
    assert_eq!(world.seen.header("x-request-id").as_deref(), Some(told));
}

#[tokio::test]
async fn credentials_go_along() {
    let world = world(GatewayConfig::default()).await;
    let token = world.pos("P13030200001");
    // the contract lets anonymous callers only: the service's own stack answers, so the credential arrived
    let answer = world.json_with(GET_KEY_SET, "{}", &[("authorization", &token)]).await;
    assert_eq!(answer.refusal(), ("permission_denied".into(), "CALLER_NOT_ALLOWED".into()));
}
