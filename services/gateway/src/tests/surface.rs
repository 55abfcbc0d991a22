//! Pages, probes, reflection, health, browsers, and the access log.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http::Method;
use liufang_proto::identity::v1 as pb;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_reflection::pb::v1 as reflection;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use super::backend::{world, world_with};
use super::client::{GET_KEY_SET, SIGN_IN, send};
use crate::{Gateway, GatewayConfig};

#[tokio::test]
async fn pages() {
    let world = world(GatewayConfig::default()).await;
    let landing = world.get("/").await;
    assert!(String::from_utf8_lossy(&landing.body).contains("liufang.order.v1.OrderService"));
    let reasons = world.get("/reasons").await.json();
    let named = |row: &serde_json::Value| row["reason"] == "RATE_LIMITED" && row["zh"] != "";
    assert!(reasons["reasons"].as_array().unwrap().iter().any(named));
    assert_eq!(world.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn readiness_is_told_over_both() {
    let ready = Arc::new(AtomicBool::new(true));
    let asked = ready.clone();
    let adjust = |gateway: Gateway| {
        gateway.ready(Arc::new(move || {
            let ready = asked.load(Ordering::SeqCst);
            Box::pin(std::future::ready(ready))
        }))
    };
    let world = world_with(GatewayConfig::default(), adjust).await;
    let mut health = HealthClient::new(world.channel().await);
    for (state, http, grpc) in [(true, 200, ServingStatus::Serving), (false, 503, ServingStatus::NotServing)]
    {
        ready.store(state, Ordering::SeqCst);
        assert_eq!(world.get("/readyz").await.status, http);
        let answer = health.check(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
        assert_eq!(answer.status(), grpc);
    }
}

#[tokio::test]
async fn reflection_shows_public_services() {
    let world = world(GatewayConfig::default()).await;
    let mut client = ServerReflectionClient::new(world.channel().await);
    let ask = |request: MessageRequest| {
        tokio_stream::once(reflection::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(request),
        })
    };
    let list = ask(MessageRequest::ListServices(String::new()));
    let mut answers = client.server_reflection_info(list).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("no list")
    };
    let names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    assert!(names.contains(&"liufang.order.v1.OrderService".to_owned()), "{names:?}");
    assert!(names.iter().all(|name| !name.contains("hooks")), "{names:?}");
    let hidden = MessageRequest::FileContainingSymbol("liufang.hooks.v1.PaymentChannel".to_owned());
    let mut answers = client.server_reflection_info(ask(hidden)).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap_err().code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn browsers_of_listed_origins() {
    let origin = "https://console.example";
    let world =
        world(GatewayConfig { cors_origins: vec![origin.to_owned()], ..GatewayConfig::default() }).await;
    let preflight = [("origin", origin), ("access-control-request-method", "POST")];
    let answer = send(world.address, Method::OPTIONS, GET_KEY_SET, &preflight, "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.headers["access-control-allow-origin"], origin);
    let answer = world.json_with(GET_KEY_SET, "{}", &[("origin", origin)]).await;
    assert_eq!(answer.headers["access-control-allow-origin"], origin);
    let stranger = world.json_with(GET_KEY_SET, "{}", &[("origin", "https://evil.example")]).await;
    assert!(stranger.headers.get("access-control-allow-origin").is_none());
}

#[test]
fn configuration_is_checked_at_once() {
    let text = r#"{"max_in_flight":0,"default_deadline_ms":9,"max_deadline_ms":5,
        "method_limits":[{"method":"no.Such/Method","per_caller_per_minute":1,"burst":1}],"cors_origins":["x"]}"#;
    let config: GatewayConfig = serde_json::from_str(text).unwrap();
    let resolve: crate::Resolve = Arc::new(|_| unreachable!());
    let authenticate: crate::Authenticate = Arc::new(|_| unreachable!());
    let violations = crate::service(resolve, authenticate, config).unwrap_err();
    let fields: Vec<&str> = violations.iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["max_in_flight", "max_deadline_ms", "method_limits.no.Such/Method", "cors_origins"]);
    assert!(serde_json::from_str::<GatewayConfig>(r#"{"typo":1}"#).is_err());
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One subscriber for the whole process: with several, callsites first met by another thread stay silent.
fn listen() -> Lines {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("liufang=trace")
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    lines
}

#[tokio::test]
async fn one_line_per_request_and_nothing_personal() {
    let lines = listen();
    let world = world(GatewayConfig::default()).await;
    let secret = "canary-13030219900307";
    for (id, path, body) in [
        ("line-1", format!("{SIGN_IN}?q={secret}"), format!(r#"{{"verificationId":"{secret}"}}"#)),
        ("line-2", SIGN_IN.to_owned(), format!(r#"{{"verificationId":["{secret}"],"{secret}":1}}"#)),
        ("line-3", format!("/{secret}"), "{}".to_owned()),
    ] {
        world.json_with(&path, &body, &[("x-request-id", id)]).await;
    }
    let mut request = tonic::Request::new(pb::SignInRequest { verification_id: "incomplete".into() });
    request.metadata_mut().insert("x-request-id", "line-4".parse().unwrap());
    world.tokens().await.sign_in(request).await.err().unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains(secret), "{text}");
    for (id, words) in [
        ("line-1", ["TokenService/SignIn", "status=\"OK\"", "protocol=\"json\"", "caller=\"anonymous\""]),
        (
            "line-2",
            ["TokenService/SignIn", "status=\"INVALID_ARGUMENT\"", "reason=\"REQUEST_MALFORMED\"", "ms="],
        ),
        ("line-3", ["method=\"-\"", "status=\"UNIMPLEMENTED\"", "reason=\"METHOD_NOT_FOUND\"", "ms="]),
        (
            "line-4",
            ["SignIn", "status=\"FAILED_PRECONDITION\"", "reason=\"VERIFICATION_INCOMPLETE\"", "\"grpc\""],
        ),
    ] {
        let ours = |line: &&str| line.contains("liufang::access") && line.contains(&format!("\"{id}\""));
        let access: Vec<&str> = text.lines().filter(ours).collect();
        assert_eq!(access.len(), 1, "{id}: {access:#?}");
        assert!(words.iter().all(|word| access[0].contains(word)), "{access:?}\n{words:?}");
    }
}
