//! What does not pass, and how it is told.

use http::Method;
use liufang_proto::identity::v1 as pb;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use super::backend::world;
use super::client::{GET_KEY_SET, SIGN_IN, send};
use crate::GatewayConfig;

#[tokio::test]
async fn refusals_of_a_service_are_the_same_everywhere() {
    let world = world(GatewayConfig::default()).await;
    let body = pb::SignInRequest { verification_id: "incomplete".into() };
    let status = world.tokens().await.sign_in(Request::new(body.clone())).await.err().unwrap();
    let info = status.get_details_error_info().unwrap();
    assert_eq!((status.code(), info.reason.as_str()), (Code::FailedPrecondition, "VERIFICATION_INCOMPLETE"));
    assert_eq!(info.metadata["state"], "PHONE_CODE");

    let (answer, _, trailers) = world.web(SIGN_IN, &body).await;
    let in_headers = answer.headers.get("grpc-status").is_some_and(|value| value == "9");
    assert!(in_headers || trailers.replace(' ', "").contains("grpc-status:9"), "{trailers}");

    let json = world.json(SIGN_IN, r#"{"verificationId":"incomplete"}"#).await;
    assert_eq!(json.status, 400);
    assert_eq!(json.refusal(), ("failed_precondition".into(), "VERIFICATION_INCOMPLETE".into()));
    assert_eq!(json.detail("google.rpc.ErrorInfo")["metadata"]["state"], "PHONE_CODE");
    assert_eq!(json.detail("google.rpc.LocalizedMessage")["message"], "认证未完成");
}

#[tokio::test]
async fn methods_that_are_not_public_do_not_exist() {
    let world = world(GatewayConfig::default()).await;
    for path in [
        "/liufang.identity.v1.PersonService/GetPersonForService",
        "/liufang.hooks.v1.PaymentChannel/CreatePayment",
        "/liufang.identity.v1.TokenService/NoSuchMethod",
        "/nothing",
    ] {
        let answer = world.json(path, "{}").await;
        assert_eq!(answer.refusal(), ("unimplemented".into(), "METHOD_NOT_FOUND".into()), "{path}");
        assert_eq!(answer.status, 501);
    }
    let channel = world.channel().await;
    let mut persons = pb::person_service_client::PersonServiceClient::new(channel);
    let status =
        persons.get_person_for_service(pb::GetPersonForServiceRequest::default()).await.err().unwrap();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(status.get_details_error_info().unwrap().reason, "METHOD_NOT_FOUND");
    let (answer, _, _) =
        world.web("/liufang.identity.v1.PersonService/GetPersonForService", &pb::GetKeySetRequest {}).await;
    assert_eq!(answer.headers["grpc-status"], "12");
    assert_eq!(world.seen.count(), 0);
}

#[tokio::test]
async fn bad_json_names_every_field() {
    let world = world(GatewayConfig::default()).await;
    let answer = world.json(SIGN_IN, r#"{"verificationId":7,"who":"me"}"#).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.refusal(), ("invalid_argument".into(), "REQUEST_MALFORMED".into()));
    let fields = answer.detail("google.rpc.BadRequest")["fieldViolations"].clone();
    assert_eq!(fields[0]["field"], "verificationId");
    assert_eq!(fields[1]["field"], "who");
    for body in ["", "{", "[]", "null", "{} {}"] {
        assert_eq!(world.json(SIGN_IN, body).await.refusal().1, "REQUEST_MALFORMED", "{body}");
    }
    let torn =
        send(world.address, Method::POST, SIGN_IN, &[("content-type", "application/proto")], "\u{a}\u{9}x")
            .await;
    assert_eq!(torn.refusal(), ("invalid_argument".into(), "REQUEST_MALFORMED".into()));
    let bad_timeout = world.json_with(SIGN_IN, "{}", &[("connect-timeout-ms", "soon")]).await;
    let fields = bad_timeout.detail("google.rpc.BadRequest")["fieldViolations"].clone();
    assert_eq!(fields[0]["field"], "connect-timeout-ms");
    assert_eq!(world.seen.count(), 0);
}

#[tokio::test]
async fn bad_credentials_stop_at_the_door() {
    let world = world(GatewayConfig::default()).await;
    let answer = world.json_with(GET_KEY_SET, "{}", &[("authorization", "Bearer nonsense")]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.refusal(), ("unauthenticated".into(), "TOKEN_INVALID".into()));
    assert_eq!(world.seen.count(), 0);
}

#[tokio::test]
async fn wrong_verbs_types_and_encodings() {
    let world = world(GatewayConfig::default()).await;
    assert_eq!(world.get(GET_KEY_SET).await.status, 405);
    assert_eq!(world.get("/favicon.ico").await.status, 404);
    let address = world.address;
    assert_eq!(
        send(address, Method::POST, GET_KEY_SET, &[("content-type", "text/xml")], "").await.status,
        415
    );
    assert_eq!(send(address, Method::POST, GET_KEY_SET, &[], "{}").await.status, 415);
    // gRPC over HTTP/1.1 would lose its trailers
    assert_eq!(
        send(address, Method::POST, GET_KEY_SET, &[("content-type", "application/grpc")], "").await.status,
        505
    );
    let answer = world.json_with(GET_KEY_SET, "{}", &[("content-encoding", "gzip")]).await;
    assert_eq!(answer.refusal().1, "ENCODING_NOT_SUPPORTED");
}

#[tokio::test]
async fn a_role_that_is_not_there_is_unavailable() {
    let world = world(GatewayConfig::default()).await;
    let answer = world.json("/liufang.settlement.v1.PaymentService/NotifyPayment", "{}").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.refusal(), ("unavailable".into(), "SERVICE_UNREACHABLE".into()));
    assert_eq!(answer.headers["retry-after"], "1");
}
