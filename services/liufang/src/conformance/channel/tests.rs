use clap::Parser;
use liufang_platform::testing::{World, world};
use liufang_proto::hooks::v1::payment_channel_server::{PaymentChannel, PaymentChannelServer};
use liufang_proto::sandbox::v1 as sandbox;
use liufang_proto::sandbox::v1::sandbox_service_client::SandboxServiceClient;
use tonic::Response;
use tonic::service::Routes;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    payer: Payer,
}

async fn told(world: &World) -> (bool, String) {
    let mesh = world.directory.peers("settlement").mesh("hook.payment");
    let payer = Line::parse_from(["kit", "--wait-seconds", "1"]).payer;
    let mut out = Vec::new();
    let kept = run(mesh, &payer, &world.deps.clock, &mut out).await.unwrap();
    (kept, String::from_utf8(out).unwrap())
}

async fn sandbox() -> World {
    let world = world(liufang_sandbox::ROLE, liufang_sandbox::MIGRATIONS, &[]).await;
    let routes = || liufang_sandbox::module(world.deps.clone()).routes;
    world.bind([("hook.payment", routes()), ("sandbox", routes())]);
    world
}

#[tokio::test]
async fn the_sandbox_keeps_every_promise() {
    // where everybody pays at once, and where somebody does not
    for (idle, cases) in [(false, 40), (true, 43)] {
        let world = sandbox().await;
        if idle {
            let body = sandbox::SetDialRequest {
                method: "PaymentChannel/CreatePayment".to_owned(),
                dial: sandbox::Dial::SlowNotice.into(),
                calls: 0,
                r#match: "idle-payer".to_owned(),
            };
            let mesh = world.directory.peers("gateway").forwarding("sandbox");
            SandboxServiceClient::new(mesh).set_dial(keyed(body, "dial-of-the-kit")).await.unwrap();
        }
        let (kept, text) = told(&world).await;
        assert!(kept && text.ends_with(&format!("{cases} kept, 0 broken\n")), "{text}");
    }
}

/// Takes every payment and every refund, and remembers none.
struct Yes;

#[tonic::async_trait]
impl PaymentChannel for Yes {
    async fn create_payment(
        &self,
        _: Request<pb::CreatePaymentRequest>,
    ) -> Result<Response<pb::CreatePaymentResponse>, Status> {
        Ok(Response::new(pb::CreatePaymentResponse { state: Paid.into(), ..Default::default() }))
    }
    async fn query_payment(
        &self,
        _: Request<pb::QueryPaymentRequest>,
    ) -> Result<Response<pb::QueryPaymentResponse>, Status> {
        Ok(Response::new(pb::QueryPaymentResponse {
            state: Paid.into(),
            amount_fen: 10,
            ..Default::default()
        }))
    }
    async fn close_payment(
        &self,
        _: Request<pb::ClosePaymentRequest>,
    ) -> Result<Response<pb::ClosePaymentResponse>, Status> {
        Ok(Response::new(pb::ClosePaymentResponse { state: Closed.into() }))
    }
    async fn refund_payment(
        &self,
        _: Request<pb::RefundPaymentRequest>,
    ) -> Result<Response<pb::RefundPaymentResponse>, Status> {
        Ok(Response::new(pb::RefundPaymentResponse { accepted: true, ..Default::default() }))
    }
    async fn query_refund(
        &self,
        _: Request<pb::QueryRefundRequest>,
    ) -> Result<Response<pb::QueryRefundResponse>, Status> {
        Ok(Response::new(pb::QueryRefundResponse { state: pb::RefundState::Accepted.into(), amount_fen: 10 }))
    }
    async fn fetch_statement(
        &self,
        _: Request<pb::FetchStatementRequest>,
    ) -> Result<Response<pb::FetchStatementResponse>, Status> {
        Ok(Response::new(pb::FetchStatementResponse {
            state: pb::StatementState::Ready.into(),
            ..Default::default()
        }))
    }
}

#[tokio::test]
async fn broken_promises_are_named() {
    let world = world(liufang_sandbox::ROLE, liufang_sandbox::MIGRATIONS, &[]).await;
    world.bind([("hook.payment", Routes::new(PaymentChannelServer::new(Yes)))]);
    let (kept, text) = told(&world).await;
    assert!(!kept);
    for case in [
        "WRONG an unknown payment is not found: PAID",
        "WRONG what is paid has the channel's number: none",
        "WRONG the same number with another amount is refused: PAID",
        "WRONG what is paid is not closed, but told: CLOSED",
        "WRONG an unknown refund is not found: ACCEPTED",
        "WRONG 1 of 10 fen are back by the channel's books: PAID",
        "WRONG a refund of more than is left is refused: ACCEPTED",
        "WRONG what went back does not go back again: ACCEPTED",
        "WRONG a payment that nobody pays is closed: PAID, then CLOSED",
        "WRONG a payment of less than nothing is refused: PAID",
        "WRONG a combined order whose parts are not its total is refused: PAID",
        "WRONG what may no longer be paid is not paid: PAID",
        "WRONG yesterday's statement is told, or why there is none: READY",
        "WRONG a day that is not over has no statement yet: READY",
    ] {
        assert!(text.contains(case), "{case} in {text}");
    }
}
