//! One trace from the gateway through the services to SQL and across the outbox, received by a real OTLP endpoint, and log
//! lines that name it.

use std::collections::{BTreeMap, BTreeSet};

use liufang::client::Answer;
use liufang_proto::common::v1::Channel;
use liufang_proto::identity::v1::institution_service_client::InstitutionServiceClient;
use liufang_proto::identity::v1::{InstitutionKind, ListInstitutionsRequest};
use liufang_proto::order::v1::order_service_client::OrderServiceClient;
use liufang_proto::order::v1::{Order, OrderState, PayOrderRequest};
use liufang_tests::{Shape, World, eventually, eventually_or, servers};
use tonic::Request;

use super::cast::*;
use super::otlp::{Program, Receiver, Seen};

/// A caller's own trace is continued, so its id finds our spans among those of the workers.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn traced<T>(mut request: Request<T>, trace: &str, sampled: bool) -> Request<T> {
    let parent = format!("00-{trace}-00f067aa0ba902b7-0{}", u8::from(sampled));
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    request
}

fn hospitals() -> ListInstitutionsRequest {
    ListInstitutionsRequest {
        region: "130300".to_owned(),
        kind: InstitutionKind::Hospital.into(),
        ..ListInstitutionsRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_reaches_from_the_gateway_to_sql() {
    let receiver = Receiver::start().await;
    let folder = servers::folder("liufang-traces-");
    let settings = [
        format!("telemetry.otlp_endpoint={:?}", receiver.endpoint),
        "telemetry.otlp_metrics=true".to_owned(),
    ];
    let program = Program::start(folder.path(), &settings).await;
    let request = traced(Request::new(hospitals()), TRACE, true);
    let channel = program.gateway().await.channel();
    InstitutionServiceClient::new(channel).list_institutions(request).await.unwrap();
    program.stop();

    let spans = receiver.trace(TRACE);
    let names: BTreeSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let method = "/liufang.identity.v1.InstitutionService/ListInstitutions";
    assert!(names.contains(&method[1..]), "no gateway span in {names:?}");
    assert!(names.contains(method), "no service span in {names:?}");
    assert!(names.iter().any(|name| name.starts_with("sea_orm.")), "no SQL span in {names:?}");
    for span in receiver.spans() {
        assert_eq!(span.service(), "liufang");
        assert_eq!(span.resource["service.version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(span.resource["service.instance.id"].len(), 36);
        // what workers ask the database between calls is no trace of its own
        assert!(!(span.parent.is_empty() && span.name.starts_with("sea_orm.")), "{span:?}");
    }
    let metrics = receiver.metrics();
    assert!(metrics.iter().any(|name| name == "liufang_rpc_duration_seconds"), "{metrics:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_decides_what_is_sampled() {
    let receiver = Receiver::start().await;
    let folder = servers::folder("liufang-traces-");
    let settings =
        [format!("telemetry.otlp_endpoint={:?}", receiver.endpoint), "telemetry.sample_ratio=0".to_owned()];
    let program = Program::start(folder.path(), &settings).await;
    let mut client = InstitutionServiceClient::new(program.gateway().await.channel());
    client.list_institutions(traced(Request::new(hospitals()), TRACE, true)).await.unwrap();
    let unwanted = "0af7651916cd43dd8448eb211c80319c";
    client.list_institutions(traced(Request::new(hospitals()), unwanted, false)).await.unwrap();
    client.list_institutions(Request::new(hospitals())).await.unwrap();
    program.stop();
    let traces: BTreeSet<String> = receiver.spans().into_iter().map(|span| span.trace).collect();
    assert_eq!(traces, BTreeSet::from([TRACE.to_owned()]));
}

/// One order placed and paid, both calls in the trace.
async fn buy(cast: &Cast) -> Answer<Order> {
    let patient = cast.patient_through("jd", 163).await;
    let session = patient.session();
    let mut client = OrderServiceClient::new(cast.gateway.channel());
    let body = Basket::of(GRANULES, 1, cast.door(163)).request();
    let request = session.request(body, Some("traced-place-order")).await?;
    let placed = client.place_order(traced(request, TRACE, true)).await?.into_inner();
    let order = placed.order.expect("an order");
    let body = PayOrderRequest {
        order_id: order.order_id.clone(),
        quote_id: quote(&order).quote_id.clone(),
        channel: Channel::Wechat.into(),
        payer: None,
    };
    let request = session.request(body, Some("traced-pay-order")).await?;
    client.pay_order(traced(request, TRACE, true)).await?;
    Ok(cast.order_in(&patient, &order.order_id, OrderState::Paid).await)
}

/// Lines of a role's log inside the trace; every line of the log is JSON.
fn lines_of(log: &str, trace: &str) -> Vec<serde_json::Value> {
    let lines = log.lines().map(|line| {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    });
    lines.filter(|line| line["trace_id"] == trace).collect()
}

/// What a complete trace has and this one has not: both calls at the gateway, SQL of every role that has a part in them, what
/// settlement writes for many calls at once below one of its calls, and an event whose consumer continues where it was written,
/// in another process.
fn missing(spans: &[Seen]) -> Vec<String> {
    let has = |service: &str, is: &dyn Fn(&str) -> bool| {
        spans.iter().any(|span| span.service() == service && is(&span.name))
    };
    let by_id: BTreeMap<&str, &Seen> = spans.iter().map(|span| (span.id.as_str(), span)).collect();
    let parent = |span: &Seen| by_id.get(span.parent.as_str()).map(|parent| parent.service());
    let named = |name: &'static str| spans.iter().filter(move |span| span.name == name);
    let crossed = named("consume").any(|span| parent(span).is_some_and(|cause| cause != span.service()));
    let grouped = named("group").any(|span| parent(span) == Some("liufang-settlement"));
    let calls = ["PlaceOrder", "PayOrder"]
        .map(|method| (method.to_owned(), has("liufang-gateway", &|name| name.ends_with(method))));
    let statements = ["liufang-order", "liufang-inventory", "liufang-settlement"]
        .map(|service| (format!("SQL of {service}"), has(service, &|name| name.starts_with("sea_orm."))));
    let others =
        [("an event consumed elsewhere".to_owned(), crossed), ("a group below its call".to_owned(), grouped)];
    let all = calls.into_iter().chain(statements).chain(others);
    all.filter(|(_, is_there)| !is_there).map(|(what, _)| what).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_crosses_processes_and_the_outbox() {
    let receiver = Receiver::start().await;
    let settings = [
        format!("telemetry.otlp_endpoint={:?}", receiver.endpoint),
        "telemetry.format=\"json\"".to_owned(),
        "telemetry.log=\"liufang=debug,info\"".to_owned(),
        // what is asked for alone: exporters drop what comes faster than it can be sent
        "telemetry.sample_ratio=0".to_owned(),
    ];
    let world = World::start_with(Shape::Processes, &settings).await;
    let cast = Cast::of(&world).await;
    buy(&cast).await.unwrap();

    // the exporters send every few seconds
    let spans = eventually_or("the trace is complete", || async {
        let spans = receiver.trace(TRACE);
        let missing = missing(&spans);
        missing.is_empty().then_some(spans).ok_or(missing)
    })
    .await;
    let by_id: BTreeMap<&str, &Seen> = spans.iter().map(|span| (span.id.as_str(), span)).collect();

    let processes = world.processes.as_ref().unwrap();
    for role in ["gateway", "order", "inventory", "settlement"] {
        let lines = lines_of(&processes.log_of(role), TRACE);
        assert!(!lines.is_empty(), "{role} has no line in the trace");
        for line in lines {
            let span = line["span_id"].as_str().unwrap_or_default();
            assert_eq!(span.len(), 16, "{line}");
            let consumed = line["span"]["name"] == "consume";
            assert!(consumed || line["request_id"].is_string(), "{role}: {line}");
        }
    }
    // the line that ends a call names the very span that is exported; it is written when the client has its answer
    let paid = eventually("the call has its line", || async {
        let mut access = lines_of(&processes.log_of("gateway"), TRACE).into_iter();
        access.find(|line| {
            line["target"] == "liufang::access"
                && line["method"].as_str().is_some_and(|m| m.ends_with("PayOrder"))
        })
    })
    .await;
    assert_eq!(by_id[paid["span_id"].as_str().unwrap()].service(), "liufang-gateway");
    world.stop().await;
}
