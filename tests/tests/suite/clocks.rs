//! The clock that tests turn is the clock of every process.

use std::net::SocketAddr;

use liufang::client::{Gateway, Operator, Refusal};
use liufang_proto::settlement::v1::VoidRequest;
use liufang_proto::settlement::v1::payment_service_client::PaymentServiceClient;
use liufang_tests::{World, behaviour, processes};
use tonic::{Code, Request};

use super::cast::*;
use super::mtls::{channel, client};

behaviour!(processes a_jump_reaches_every_process);

/// What one process of a role says to an operator's token, asked as the gateway asks. No role lets operators in here, but it
/// reads the token first.
async fn asked(world: &World, role: &'static str, replica: usize, token: &str) -> Refusal {
    let processes = world.processes.as_ref().expect("processes");
    let own = processes.authority.role(&["gateway"]);
    let address = SocketAddr::from(([127, 0, 0, 1], processes.port(role, replica)));
    let name = format!("{role}.liufang.mesh");
    let channel = channel(address, client(&processes.authority, Some(&own)), &name).await;
    let mut request = Request::new(VoidRequest { payment_id: "pay_1".to_owned() });
    let metadata = request.metadata_mut();
    metadata.insert("idempotency-key", "clock-key-1".parse().unwrap());
    metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
    refused_status(PaymentServiceClient::new(channel).void(request).await)
}

/// Reads the books through one gateway.
async fn through(world: &World, replica: usize, token: &str) -> Result<(), Refusal> {
    let port = world.processes.as_ref().expect("processes").port("gateway", replica);
    let gateway = Gateway::connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
    Operator::new(&gateway, token).get_trial_balance(Default::default()).await.map(drop)
}

async fn a_jump_reaches_every_process(world: &mut World) {
    let early = world.operator_token();
    let everybody: Vec<_> = processes::all().collect();
    for (role, replica) in everybody.clone() {
        if role == "gateway" {
            through(world, replica, &early).await.unwrap();
        } else {
            let told = asked(world, role, replica, &early).await;
            assert_eq!(told.code, Code::PermissionDenied, "{role}-{replica}: {told}");
        }
    }
    // a token lives an hour
    world.clock.advance_seconds(3_601);
    let late = world.operator_token();
    for (role, replica) in everybody {
        if role == "gateway" {
            refused_as(through(world, replica, &early).await, "TOKEN_EXPIRED");
            through(world, replica, &late).await.unwrap();
        } else {
            let told = asked(world, role, replica, &early).await;
            assert_eq!(told.reason, "TOKEN_EXPIRED", "{role}-{replica}: {told}");
            let told = asked(world, role, replica, &late).await;
            assert_eq!(told.code, Code::PermissionDenied, "{role}-{replica}: {told}");
        }
    }
    // a process that is started again has the story's time, not the machine's
    let processes = world.processes.as_mut().expect("processes");
    tokio::task::block_in_place(|| {
        processes.kill("order", 0);
        processes.restart("order", 0);
    });
    assert_eq!(asked(world, "order", 0, &early).await.reason, "TOKEN_EXPIRED");
}
