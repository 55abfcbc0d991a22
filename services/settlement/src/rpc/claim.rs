//! Claims and reconciliation.

use liufang_platform::rpc::reply;
use liufang_proto::settlement::v1 as pb;
use pb::claim_service_server::ClaimService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire;

#[async_trait::async_trait]
impl ClaimService for Rpc {
    async fn get_daily_totals(
        &self,
        request: Request<pb::GetDailyTotalsRequest>,
    ) -> Result<Response<pb::GetDailyTotalsResponse>, Status> {
        let call = self.calls.open(request, wire::claim::totals)?;
        reply(self.app.daily_totals(call).await.map(wire::claim::totals_reply))
    }

    async fn close_day(
        &self,
        request: Request<pb::CloseDayRequest>,
    ) -> Result<Response<pb::CloseDayResponse>, Status> {
        let call = self.calls.open(request, wire::claim::close_day)?;
        reply(self.app.close_day(call).await.map(wire::claim::close_day_reply))
    }

    async fn review_claim(
        &self,
        request: Request<pb::ReviewClaimRequest>,
    ) -> Result<Response<pb::ReviewClaimResponse>, Status> {
        let call = self.calls.open(request, wire::claim::review)?;
        reply(self.app.review_claim(call).await.map(wire::claim::review_reply))
    }

    async fn appeal_claim(
        &self,
        request: Request<pb::AppealClaimRequest>,
    ) -> Result<Response<pb::AppealClaimResponse>, Status> {
        let call = self.calls.open(request, wire::claim::appeal)?;
        reply(self.app.appeal_claim(call).await.map(wire::claim::appeal_reply))
    }

    async fn list_claim_lines(
        &self,
        request: Request<pb::ListClaimLinesRequest>,
    ) -> Result<Response<pb::ListClaimLinesResponse>, Status> {
        let call = self.calls.open(request, wire::claim::lines)?;
        reply(self.app.list_claim_lines(call).await.map(wire::claim::lines_reply))
    }

    async fn pay_claim(
        &self,
        request: Request<pb::PayClaimRequest>,
    ) -> Result<Response<pb::PayClaimResponse>, Status> {
        let call = self.calls.open(request, wire::claim::pay)?;
        reply(self.app.pay_claim(call).await.map(wire::claim::pay_reply))
    }

    async fn list_claims(
        &self,
        request: Request<pb::ListClaimsRequest>,
    ) -> Result<Response<pb::ListClaimsResponse>, Status> {
        let call = self.calls.open(request, wire::claim::list)?;
        reply(self.app.list_claims(call).await.map(wire::claim::list_reply))
    }

    async fn list_receivables(
        &self,
        request: Request<pb::ListReceivablesRequest>,
    ) -> Result<Response<pb::ListReceivablesResponse>, Status> {
        let call = self.calls.open(request, wire::claim::receivables)?;
        reply(self.app.list_receivables(call).await.map(wire::claim::receivables_reply))
    }
}
