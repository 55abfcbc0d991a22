//! Reconciliation.

use std::time::Duration;

use liufang_platform::feed::{self, ResponseStream};
use liufang_platform::rpc::reply;
use liufang_proto::settlement::v1 as pb;
use pb::reconcile_service_server::ReconcileService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::error::SettlementError;
use crate::wire;

#[async_trait::async_trait]
impl ReconcileService for Rpc {
    async fn compare_totals(
        &self,
        request: Request<pb::CompareTotalsRequest>,
    ) -> Result<Response<pb::CompareTotalsResponse>, Status> {
        let call = self.calls.open(request, wire::reconcile::totals)?;
        reply(self.app.compare_totals(call).await.map(wire::reconcile::totals_reply))
    }

    async fn upload_details(
        &self,
        request: Request<pb::UploadDetailsRequest>,
    ) -> Result<Response<pb::UploadDetailsResponse>, Status> {
        let call = self.calls.open(request, wire::reconcile::upload)?;
        reply(self.app.upload_details(call).await.map(wire::reconcile::upload_reply))
    }

    async fn compare_details(
        &self,
        request: Request<pb::CompareDetailsRequest>,
    ) -> Result<Response<pb::CompareDetailsResponse>, Status> {
        let call = self.calls.open(request, wire::reconcile::compare)?;
        reply(self.app.compare_details(call).await.map(wire::reconcile::compare_reply))
    }

    async fn import_statement(
        &self,
        request: Request<pb::ImportStatementRequest>,
    ) -> Result<Response<pb::ImportStatementResponse>, Status> {
        let call = self.calls.open(request, wire::statement::import)?;
        reply(self.app.import_statement(call).await.map(wire::statement::import_reply))
    }

    async fn get_statement(
        &self,
        request: Request<pb::GetStatementRequest>,
    ) -> Result<Response<pb::GetStatementResponse>, Status> {
        let call = self.calls.open(request, wire::statement::get)?;
        reply(self.app.get_statement(call).await.map(wire::statement::get_reply))
    }

    async fn fetch_statement(
        &self,
        request: Request<pb::FetchStatementRequest>,
    ) -> Result<Response<pb::FetchStatementResponse>, Status> {
        let call = self.calls.open(request, wire::statement::fetch)?;
        reply(self.app.fetch_statement(call).await.map(wire::statement::fetch_reply))
    }

    type DownloadDetailsStream = ResponseStream<pb::DownloadDetailsResponse>;

    async fn download_details(
        &self,
        request: Request<pb::DownloadDetailsRequest>,
    ) -> Result<Response<Self::DownloadDetailsStream>, Status> {
        let call = self.calls.open(request, wire::reconcile::download)?;
        reply::<(), (), _>(self.app.compared_file(&call).await)?;
        let (app, file) = (self.app.clone(), call.body);
        let read = move |after| {
            let (app, file) = (app.clone(), file.clone());
            async move {
                let rows = app.differences(&file, after).await?.into_iter();
                let told = rows.map(|(line, told)| (line, wire::reconcile::downloaded(told)));
                Ok::<_, SettlementError>(told.collect())
            }
        };
        Ok(Response::new(feed::tail(true, Duration::ZERO, read, -1)))
    }
}
