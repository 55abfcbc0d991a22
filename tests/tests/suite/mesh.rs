//! Between the roles: events over a Redis that fails and forgets, and doors only roles may open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use liufang::client::Refusal;
use liufang_kernel::Timestamp;
use liufang_platform::bus::{Bus as _, RedisBus, RedisOptions};
use liufang_platform::db::Gate;
use liufang_platform::mesh::MeshKey;
use liufang_platform::rpc::Invalid;
use liufang_platform::{Consumer, Event};
use liufang_proto::order::v1::OrderChanged;
use liufang_proto::settlement::v1::payment_service_client::PaymentServiceClient;
use liufang_proto::settlement::v1::quote_service_client::QuoteServiceClient;
use liufang_proto::settlement::v1::{CreateQuoteRequest, VoidRequest};
use liufang_tests::{Shape, World, behaviour, eventually, servers};
use prost::{Message as _, Name as _};
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;
use tonic::{Code, Request};

use super::cast::*;

behaviour!(everywhere a_probe_walks_to_the_price_of_a_basket);

fn event(id: &str) -> Event {
    Event {
        id: id.to_owned(),
        topic: OrderChanged::full_name(),
        key: "ord_1".to_owned(),
        payload: OrderChanged { order_id: id.to_owned(), ..Default::default() }.encode_to_vec(),
        traceparent: String::new(),
        at: Timestamp(1),
    }
}

/// A consumer that refuses every event so often before it takes it.
fn stubborn(times: u32) -> (Consumer, Arc<std::sync::Mutex<Vec<String>>>) {
    let taken: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let tries = Arc::new(AtomicU32::new(0));
    let list = taken.clone();
    let handler = move |_: Event, body: OrderChanged| {
        let (tries, list) = (tries.clone(), list.clone());
        async move {
            if tries.fetch_add(1, Ordering::SeqCst) < times {
                return Err(Invalid(liufang_kernel::Violations::of("order_id", "not yet")));
            }
            list.lock().unwrap().push(body.order_id);
            Ok(())
        }
    };
    (Consumer::new::<OrderChanged, _, _, _>("stubborn", handler), taken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_reaches_a_failing_consumer_later() {
    let options = RedisOptions {
        url: servers::shared().redis_url(),
        cluster: false,
        ca_file: String::new(),
        prefix: "mesh-test".to_owned(),
        keep_published: false,
    };
    let bus = RedisBus::new(&options).unwrap();
    // the third try of the first delivery
    let (consumer, taken) = stubborn(2);
    let shutdown = CancellationToken::new();
    let (own, stop) = (bus.clone(), shutdown.clone());
    let running = tokio::spawn(async move { own.consume(consumer, "replica-1", Gate::opened(), stop).await });
    bus.publish(&event("one")).await.unwrap();
    eventually("the event is taken", || async { (*taken.lock().unwrap() == ["one"]).then_some(()) }).await;
    shutdown.cancel();
    running.await.unwrap();
    // published while nobody listened: the next replica gets it, and does not get the old one again
    bus.publish(&event("two")).await.unwrap();
    let (consumer, taken) = stubborn(0);
    let shutdown = CancellationToken::new();
    let (own, stop) = (bus.clone(), shutdown.clone());
    let running = tokio::spawn(async move { own.consume(consumer, "replica-2", Gate::opened(), stop).await });
    eventually("the second event is taken", || async { (*taken.lock().unwrap() == ["two"]).then_some(()) })
        .await;
    shutdown.cancel();
    running.await.unwrap();
}

/// One process without certificates: where there are some, they are the proof (`mtls.rs`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roles_own_port_asks_for_proof() {
    let setting = "mesh.listen.settlement=\"127.0.0.1:0\"".to_owned();
    let world = World::start_with(Shape::Sqlite, &[setting]).await;
    let cast = Cast::of(&world).await;
    let patient = cast.patient(1).await;
    let address = world.running.as_ref().unwrap().ports["settlement"];
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();

    let bare = Request::new(VoidRequest { payment_id: "pay_1".to_owned() });
    assert!(denied(call(&channel, bare).await), "no credential");
    let body = VoidRequest { payment_id: "pay_1".to_owned() };
    let as_patient = patient.session().request(body.clone(), Some("mesh-key-1")).await.unwrap();
    assert!(denied(call(&channel, as_patient).await), "a patient is no role");
    let as_operator = cast.operator().session().request(body.clone(), Some("mesh-key-2")).await.unwrap();
    assert!(denied(call(&channel, as_operator).await), "an operator is no role");
    let with_proof = |proof: String| {
        let mut request = Request::new(body.clone());
        request.metadata_mut().insert("idempotency-key", "mesh-key-3".parse().unwrap());
        request.metadata_mut().insert(MeshKey::HEADER, proof.parse().unwrap());
        request
    };
    let forged = MeshKey::new("another secret").prove("order").unwrap();
    assert!(denied(call(&channel, with_proof(forged)).await), "a forged proof");
    let key = MeshKey::new(&world.config.mesh.secret);
    assert!(denied(call(&channel, with_proof(key.prove("inventory").unwrap())).await), "a role that may not");
    let admitted = call(&channel, with_proof(key.prove("order").unwrap())).await;
    assert_eq!(admitted.reason, "PAYMENT_NOT_FOUND", "the order role comes through: {admitted}");

    // at the gateway the method does not exist, whatever proof is shown
    let mut outside = QuoteServiceClient::new(cast.gateway.channel());
    let mut request = Request::new(CreateQuoteRequest::default());
    request.metadata_mut().insert("idempotency-key", "mesh-key-4".parse().unwrap());
    request.metadata_mut().insert(MeshKey::HEADER, key.prove("order").unwrap().parse().unwrap());
    let refusal = refused_status(outside.create_quote(request).await);
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unimplemented, "METHOD_NOT_FOUND"));
    world.stop().await;
}

async fn call(channel: &tonic::transport::Channel, request: Request<VoidRequest>) -> Refusal {
    refused_status(PaymentServiceClient::new(channel.clone()).void(request).await)
}

fn denied(refusal: Refusal) -> bool {
    [Code::PermissionDenied, Code::Unauthenticated].contains(&refusal.code)
}

async fn a_probe_walks_to_the_price_of_a_basket(world: &mut World) {
    let target = liufang::probe::Target { gateway: &world.url, server_name: "", ca_file: "" };
    let mut told = Vec::new();
    liufang::probe::run(&target, &mut told).await.unwrap();
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("dry run: one ") && told.contains(" yuan"), "{told}");
    let nobody = liufang::probe::Target { gateway: "http://127.0.0.1:1", ..target };
    assert!(liufang::probe::run(&nobody, &mut Vec::new()).await.is_err());
}
