use clap::Parser;
use liufang_platform::testing::{World, world};
use liufang_proto::hooks::v1::insurer_hook_server::{InsurerHook, InsurerHookServer};
use liufang_proto::hooks::v1::mobile_payment_server::{MobilePayment, MobilePaymentServer};
use tonic::service::Routes;
use tonic::{Request, Response};

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    sale: Sale,
}

async fn told(world: &World, mobile: bool) -> (bool, String) {
    let mesh = world.directory.peers("settlement").mesh("hook.insurer");
    let sale = Line::parse_from(["kit"]).sale;
    let mut out = Vec::new();
    let kept = run(mesh, &sale, mobile, &world.deps.clock, &mut out).await.unwrap();
    (kept, String::from_utf8(out).unwrap())
}

#[tokio::test]
async fn the_sandbox_keeps_every_promise() {
    for (mobile, cases) in [(false, 33), (true, 69)] {
        let world = world(liufang_sandbox::ROLE, liufang_sandbox::MIGRATIONS, &[]).await;
        world.bind([("hook.insurer", liufang_sandbox::module(world.deps.clone()).routes)]);
        let (kept, text) = told(&world, mobile).await;
        assert!(kept && text.ends_with(&format!("{cases} kept, 0 broken\n")), "{text}");
    }
}

/// Says yes to everything and keeps nothing.
struct Yes;

#[tonic::async_trait]
impl InsurerHook for Yes {
    async fn settle(&self, _: Request<pb::SettleRequest>) -> Result<Response<pb::SettleResponse>, Status> {
        let outcome = Success.into();
        Ok(Response::new(pb::SettleResponse { outcome, setl_id: "S1".to_owned(), ..Default::default() }))
    }
    async fn trial(&self, _: Request<pb::TrialRequest>) -> Result<Response<pb::TrialResponse>, Status> {
        Ok(Response::new(pb::TrialResponse { settle: None }))
    }
    async fn reverse(&self, _: Request<pb::ReverseRequest>) -> Result<Response<pb::ReverseResponse>, Status> {
        Ok(Response::new(pb::ReverseResponse { outcome: Success.into(), ..Default::default() }))
    }
    async fn revoke(&self, _: Request<pb::RevokeRequest>) -> Result<Response<pb::RevokeResponse>, Status> {
        Ok(Response::new(pb::RevokeResponse { outcome: Success.into() }))
    }
    async fn query_message(
        &self,
        _: Request<pb::QueryMessageRequest>,
    ) -> Result<Response<pb::QueryMessageResponse>, Status> {
        Ok(Response::new(pb::QueryMessageResponse { outcome: Success.into(), ..Default::default() }))
    }
    async fn get_year_sums(
        &self,
        _: Request<pb::GetYearSumsRequest>,
    ) -> Result<Response<pb::GetYearSumsResponse>, Status> {
        Ok(Response::new(pb::GetYearSumsResponse::default()))
    }
}

#[tonic::async_trait]
impl MobilePayment for Yes {
    async fn upload_fee(
        &self,
        _: Request<pb::UploadFeeRequest>,
    ) -> Result<Response<pb::UploadFeeResponse>, Status> {
        let (pay_ord_id, pay_token) = ("M1".to_owned(), "T1".to_owned());
        Ok(Response::new(pb::UploadFeeResponse {
            accepted: true,
            pay_ord_id,
            pay_token,
            ..Default::default()
        }))
    }
    async fn pay_order(
        &self,
        body: Request<pb::PayOrderRequest>,
    ) -> Result<Response<pb::PayOrderResponse>, Status> {
        let pay_ord_id = body.into_inner().pay_ord_id;
        Ok(Response::new(pb::PayOrderResponse { pay_ord_id, ord_stas: 6, ..Default::default() }))
    }
    async fn refund_order(
        &self,
        body: Request<pb::RefundOrderRequest>,
    ) -> Result<Response<pb::RefundOrderResponse>, Status> {
        let pay_ord_id = body.into_inner().pay_ord_id;
        Ok(Response::new(pb::RefundOrderResponse { pay_ord_id, ref_status: "SUCC".to_owned() }))
    }
    async fn query_order(
        &self,
        body: Request<pb::QueryOrderRequest>,
    ) -> Result<Response<pb::QueryOrderResponse>, Status> {
        let (found, pay_ord_id) = (true, body.into_inner().pay_ord_id);
        Ok(Response::new(pb::QueryOrderResponse { found, pay_ord_id, ord_stas: 6, ..Default::default() }))
    }
    async fn revoke_order(
        &self,
        _: Request<pb::RevokeOrderRequest>,
    ) -> Result<Response<pb::RevokeOrderResponse>, Status> {
        Ok(Response::new(pb::RevokeOrderResponse { success: true, ..Default::default() }))
    }
}

#[tokio::test]
async fn broken_promises_are_named() {
    let world = world(liufang_sandbox::ROLE, liufang_sandbox::MIGRATIONS, &[]).await;
    world.bind([(
        "hook.insurer",
        Routes::new(InsurerHookServer::new(Yes)).add_service(MobilePaymentServer::new(Yes)),
    )]);
    let (kept, text) = told(&world, true).await;
    assert!(!kept);
    for case in [
        "WRONG a trial is calculated as asked for: UNSPECIFIED",
        "WRONG an unknown message is not found: SUCCESS",
        "WRONG a sale is settled as asked for: SUCCESS",
        "WRONG the same message id with another content is rejected: SUCCESS",
        "WRONG the year and the account move by the sale: other sums",
        "WRONG I5: funds that are not their sum is rejected: SUCCESS",
        "WRONG an order that nobody has paid is told as such, without amounts: 6",
        "WRONG an order is paid as asked for: 6",
        "WRONG a paid order is not revoked: true",
        "WRONG more than was paid is not given back: SUCC",
        "WRONG a revoked order is never paid: 6",
    ] {
        assert!(text.contains(case), "{case} in {text}");
    }
}
