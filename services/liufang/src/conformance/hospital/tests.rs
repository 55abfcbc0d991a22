use clap::Parser;
use liufang_platform::testing::{World, world};
use liufang_proto::hooks::v1::hospital_hook_server::{HospitalHook, HospitalHookServer};
use tonic::Request;
use tonic::service::Routes;

use tonic::Response;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    sheet: Sheet,
}

async fn told(world: &World) -> (bool, String) {
    let mesh = world.directory.peers("prescription").mesh("hook.hospital");
    let sheet = Line::parse_from(["kit"]).sheet;
    let mut out = Vec::new();
    let kept = run(mesh, &sheet, &mut out).await.unwrap();
    (kept, String::from_utf8(out).unwrap())
}

#[tokio::test]
async fn the_sandbox_keeps_every_promise() {
    let world = world(liufang_sandbox::ROLE, liufang_sandbox::MIGRATIONS, &[]).await;
    world.bind([("hook.hospital", liufang_sandbox::module(world.deps.clone()).routes)]);
    let (kept, text) = told(&world).await;
    assert!(kept && text.ends_with("13 kept, 0 broken\n"), "{text}");
}

/// Takes whatever it is given, and no settlement twice.
#[derive(Default)]
struct Careless(std::sync::Mutex<Vec<String>>);

#[tonic::async_trait]
impl HospitalHook for Careless {
    async fn notify_review(
        &self,
        _: Request<pb::NotifyReviewRequest>,
    ) -> Result<Response<pb::NotifyReviewResponse>, Status> {
        Ok(Response::new(pb::NotifyReviewResponse { outcome: Taken.into(), words: String::new() }))
    }
    async fn notify_settlement(
        &self,
        request: Request<pb::NotifySettlementRequest>,
    ) -> Result<Response<pb::NotifySettlementResponse>, Status> {
        let id = request.into_inner().notice_id;
        let mut seen = self.0.lock().unwrap();
        let outcome = if seen.contains(&id) { Refused } else { Taken };
        seen.push(id);
        Ok(Response::new(pb::NotifySettlementResponse {
            outcome: outcome.into(), words: "重复".to_owned()
        }))
    }
}

#[tokio::test]
async fn broken_promises_are_named() {
    let world = world(liufang_sandbox::ROLE, liufang_sandbox::MIGRATIONS, &[]).await;
    world.bind([("hook.hospital", Routes::new(HospitalHookServer::new(Careless::default())))]);
    let (kept, text) = told(&world).await;
    assert!(!kept);
    for case in [
        "WRONG the same settlement under its id is taken again: REFUSED",
        "WRONG a review without an id is refused: TAKEN",
        "WRONG a notice of no hospital is refused: TAKEN",
    ] {
        assert!(text.contains(case), "{case} in {text}");
    }
    assert!(text.ends_with("7 kept, 6 broken\n"), "{text}");
}
