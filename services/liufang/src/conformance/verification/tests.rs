use clap::Parser;
use liufang_platform::testing::{World, world};
use liufang_proto::hooks::v1::verification_hook_server::{VerificationHook, VerificationHookServer};
use tonic::service::Routes;

use tonic::Response;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    numbers: Numbers,
}

async fn told(world: &World) -> (bool, String) {
    let mesh = world.directory.peers("identity").mesh("hook.verification");
    let numbers = Line::parse_from(["kit"]).numbers;
    let mut out = Vec::new();
    let kept = run(mesh, &numbers, &mut out).await.unwrap();
    (kept, String::from_utf8(out).unwrap())
}

#[tokio::test]
async fn the_sandbox_keeps_every_promise() {
    let world = world(liufang_sandbox::ROLE, liufang_sandbox::MIGRATIONS, &[]).await;
    world.bind([("hook.verification", liufang_sandbox::module(world.deps.clone()).routes)]);
    // what is still at work ends by the sandbox's clock
    let clock = world.clock.clone();
    let turning = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            clock.advance_seconds(1);
        }
    });
    let (kept, text) = told(&world).await;
    turning.abort();
    assert!(kept && text.ends_with("27 kept, 0 broken\n"), "{text}");
}

/// Says yes to everybody, with one serial for all.
struct Careless;

#[tonic::async_trait]
impl VerificationHook for Careless {
    async fn check_identity(
        &self,
        _: Request<pb::CheckIdentityRequest>,
    ) -> Result<Response<pb::CheckIdentityResponse>, Status> {
        Ok(Response::new(pb::CheckIdentityResponse { outcome: Pass.into() }))
    }
    async fn send_message(
        &self,
        _: Request<pb::SendMessageRequest>,
    ) -> Result<Response<pb::SendMessageResponse>, Status> {
        Err(Status::already_exists("used"))
    }
    async fn check_carrier(
        &self,
        _: Request<pb::CheckCarrierRequest>,
    ) -> Result<Response<pb::CheckCarrierResponse>, Status> {
        Ok(Response::new(pb::CheckCarrierResponse { outcome: 0 }))
    }
    async fn query_check(
        &self,
        _: Request<pb::QueryCheckRequest>,
    ) -> Result<Response<pb::QueryCheckResponse>, Status> {
        Ok(Response::new(pb::QueryCheckResponse { outcome: Pass.into(), proof_serial: String::new() }))
    }
    async fn check_face(
        &self,
        _: Request<pb::CheckFaceRequest>,
    ) -> Result<Response<pb::CheckFaceResponse>, Status> {
        Ok(Response::new(pb::CheckFaceResponse { outcome: Pass.into(), proof_serial: "1".to_owned() }))
    }
}

#[tokio::test]
async fn a_careless_provider_is_told_what_it_breaks() {
    let world = world(liufang_sandbox::ROLE, liufang_sandbox::MIGRATIONS, &[]).await;
    world.bind([("hook.verification", Routes::new(VerificationHookServer::new(Careless)))]);
    let (kept, text) = told(&world).await;
    assert!(!kept);
    for line in [
        "ok    registry: PASS",
        "WRONG registry: FAIL: PASS",
        "WRONG registry: NO_ANSWER: PASS",
        "WRONG carrier: PASS: UNSPECIFIED",
        "WRONG message: PASS: the call failed with AlreadyExists",
        "WRONG a message repeated under its request id is answered as before: the call failed with AlreadyExists",
        "ok    message: NO_ANSWER",
        "WRONG a serial comes with a pass and with nothing else: PASS",
        "WRONG every face pass has a serial of its own: PASS",
        "WRONG an unknown capture does not pass: PASS",
        "WRONG registry, late: PENDING: PASS",
        "WRONG a check that was never asked is NOT_FOUND: PASS",
        "WRONG registry without a name does not pass: PASS",
        "WRONG face without a capture does not pass: PASS",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
    assert!(!text.contains("测试"), "nobody's data is told");
}
