//! Size, rate, time and room.

use liufang_proto::identity::v1 as pb;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::backend::world;
use super::client::{GET_KEY_SET, SIGN_IN, send};
use crate::{GatewayConfig, MethodLimit};

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

#[tokio::test]
async fn too_large_requests() {
    let world = world(GatewayConfig { max_request_bytes: 1_000, ..GatewayConfig::default() }).await;
    let large = pb::SignInRequest { verification_id: "x".repeat(2_000) };
    // HTTP/2 without a declared length: found while streaming
    let status = world.tokens().await.sign_in(Request::new(large.clone())).await.err().unwrap();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "REQUEST_TOO_LARGE"));
    let (answer, _, _) = world.web(SIGN_IN, &large).await;
    assert_eq!(answer.headers["grpc-status"], "8");
    let json = world.json(SIGN_IN, &format!(r#"{{"verificationId":"{}"}}"#, large.verification_id)).await;
    assert_eq!(json.status, 429);
    assert_eq!(json.refusal(), ("resource_exhausted".into(), "REQUEST_TOO_LARGE".into()));
    assert_eq!(json.detail("google.rpc.ErrorInfo")["metadata"]["max_bytes"], "1000");
    assert_eq!(world.seen.count(), 0);
    let fits = pb::SignInRequest { verification_id: "x".repeat(900) };
    assert!(world.tokens().await.sign_in(Request::new(fits)).await.is_ok());
}

#[tokio::test]
async fn callers_have_their_own_rate() {
    let config = GatewayConfig { per_caller_per_second: 1, burst: 3, ..GatewayConfig::default() };
    let world = world(config).await;
    for _ in 0..3 {
        assert_eq!(world.json(GET_KEY_SET, "{}").await.status, 200);
    }
    let refused = world.json(GET_KEY_SET, "{}").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.refusal(), ("resource_exhausted".into(), "RATE_LIMITED".into()));
    assert_eq!(refused.headers["retry-after"], "1");
    assert!(refused.detail("google.rpc.RetryInfo")["retryDelay"].as_str().unwrap().ends_with('s'));
    // another caller from the same address is counted by its own name
    let token = world.pos("P13030200001");
    let other = world.json_with(GET_KEY_SET, "{}", &[("authorization", &token)]).await;
    assert_eq!(other.refusal().1, "CALLER_NOT_ALLOWED");
    // guessing tokens and methods uses up the address
    let guess = world.json_with("/guess", "{}", &[("authorization", "Bearer guess")]).await;
    assert_eq!(guess.refusal().1, "RATE_LIMITED");
}

#[tokio::test]
async fn single_methods_may_be_limited_more() {
    let method = SIGN_IN.trim_start_matches('/').to_owned();
    let limit = MethodLimit { method, per_caller_per_minute: 1, burst: 1 };
    let world = world(GatewayConfig { method_limits: vec![limit], ..GatewayConfig::default() }).await;
    assert_eq!(world.json(SIGN_IN, "{}").await.status, 200);
    assert_eq!(world.json(SIGN_IN, "{}").await.refusal().1, "RATE_LIMITED");
    assert_eq!(world.json(GET_KEY_SET, "{}").await.status, 200);
}

#[tokio::test]
async fn time_runs_out() {
    let world = world(GatewayConfig { default_deadline_ms: 100, ..GatewayConfig::default() }).await;
    let slow = r#"{"verificationId":"slow"}"#;
    let answer = world.json(SIGN_IN, slow).await;
    assert_eq!(answer.status, 504);
    assert_eq!(answer.refusal(), ("deadline_exceeded".into(), "DEADLINE_EXCEEDED".into()));
    // a caller may ask for more, within the bound
    assert_eq!(world.json_with(SIGN_IN, slow, &[("connect-timeout-ms", "2000")]).await.status, 200);
    // tonic's own client would give up by itself before it hears us
    let headers = [("content-type", "application/grpc-web+proto"), ("grpc-timeout", "50m")];
    let body = [b"\0\0\0\0\x06\x0a\x04slow".as_slice()].concat();
    let answer = send(world.address, http::Method::POST, SIGN_IN, &headers, body).await;
    assert_eq!(answer.headers["grpc-status"], "4");
}

#[tokio::test]
async fn a_full_house_sheds() {
    let world = world(GatewayConfig { max_in_flight: 1, ..GatewayConfig::default() }).await;
    let slow = world.json(SIGN_IN, r#"{"verificationId":"slow"}"#);
    let second = async {
        while world.seen.count() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        world.json(GET_KEY_SET, "{}").await
    };
    let (slow, second) = tokio::join!(slow, second);
    assert_eq!(slow.status, 200);
    assert_eq!(second.refusal(), ("resource_exhausted".into(), "GATEWAY_OVERLOADED".into()));
    assert_eq!(world.json(GET_KEY_SET, "{}").await.status, 200);
}
