//! `CirculationService`: parse → app → render.

use std::time::Duration;

use liufang_platform::feed::{self, ResponseStream};
use liufang_platform::rpc::{self, Calls};
use liufang_proto::prescription::v1 as pb;
use pb::circulation_service_server::CirculationService;
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::error::PrescriptionError;
use crate::wire::{circulation, notice};

/// Answers `CirculationService`.
#[derive(Clone)]
pub struct Circulation {
    pub app: App,
    pub calls: Calls,
}

/// How often a watcher's table is looked at for news.
const LOOK: Duration = Duration::from_millis(500);

#[tonic::async_trait]
impl CirculationService for Circulation {
    async fn list_pharmacy_queue(
        &self,
        request: Request<pb::ListPharmacyQueueRequest>,
    ) -> Result<Response<pb::ListPharmacyQueueResponse>, Status> {
        let call = self.calls.open(request, circulation::list_pharmacy_queue)?;
        rpc::reply(self.app.list_pharmacy_queue(call).await)
    }

    async fn list_hand_outs(
        &self,
        request: Request<pb::ListHandOutsRequest>,
    ) -> Result<Response<pb::ListHandOutsResponse>, Status> {
        let call = self.calls.open(request, notice::list_hand_outs)?;
        rpc::reply(self.app.list_hand_outs(call).await)
    }

    async fn claim(&self, request: Request<pb::ClaimRequest>) -> Result<Response<pb::ClaimResponse>, Status> {
        let call = self.calls.open(request, circulation::claim)?;
        rpc::reply(self.app.claim(call).await)
    }

    async fn open_counter(
        &self,
        request: Request<pb::OpenCounterRequest>,
    ) -> Result<Response<pb::OpenCounterResponse>, Status> {
        let call = self.calls.open(request, circulation::open_counter)?;
        rpc::reply(self.app.open_counter(call).await)
    }

    async fn claim_at_counter(
        &self,
        request: Request<pb::ClaimAtCounterRequest>,
    ) -> Result<Response<pb::ClaimAtCounterResponse>, Status> {
        let call = self.calls.open(request, circulation::claim_at_counter)?;
        rpc::reply(self.app.claim_at_counter(call).await)
    }

    async fn take_over_sale(
        &self,
        request: Request<pb::TakeOverSaleRequest>,
    ) -> Result<Response<pb::TakeOverSaleResponse>, Status> {
        let call = self.calls.open(request, circulation::take_over_sale)?;
        rpc::reply(self.app.take_over(call).await)
    }

    async fn dispense_at_counter(
        &self,
        request: Request<pb::DispenseAtCounterRequest>,
    ) -> Result<Response<pb::DispenseAtCounterResponse>, Status> {
        let call = self.calls.open(request, circulation::dispense_at_counter)?;
        rpc::reply(self.app.dispense_at_counter(call).await)
    }

    async fn return_at_counter(
        &self,
        request: Request<pb::ReturnAtCounterRequest>,
    ) -> Result<Response<pb::ReturnAtCounterResponse>, Status> {
        let call = self.calls.open(request, circulation::return_at_counter)?;
        rpc::reply(self.app.return_at_counter(call).await)
    }

    async fn recover_secret(
        &self,
        request: Request<pb::RecoverSecretRequest>,
    ) -> Result<Response<pb::RecoverSecretResponse>, Status> {
        let call = self.calls.open(request, circulation::recover_secret)?;
        rpc::reply(self.app.recover_secret(call).await)
    }

    async fn give_back(
        &self,
        request: Request<pb::GiveBackRequest>,
    ) -> Result<Response<pb::GiveBackResponse>, Status> {
        let call = self.calls.open(request, circulation::give_back)?;
        rpc::reply(self.app.give_back(call).await)
    }

    async fn review(
        &self,
        request: Request<pb::ReviewRequest>,
    ) -> Result<Response<pb::ReviewResponse>, Status> {
        let call = self.calls.open(request, circulation::review)?;
        rpc::reply(self.app.review(call).await)
    }

    async fn check_dispense(
        &self,
        request: Request<pb::CheckDispenseRequest>,
    ) -> Result<Response<pb::CheckDispenseResponse>, Status> {
        let call = self.calls.open(request, circulation::check_dispense)?;
        rpc::reply(self.app.check_dispense(call).await.map(|()| pb::CheckDispenseResponse {}))
    }

    async fn record_dispense(
        &self,
        request: Request<pb::RecordDispenseRequest>,
    ) -> Result<Response<pb::RecordDispenseResponse>, Status> {
        let call = self.calls.open(request, circulation::record_dispense)?;
        rpc::reply(self.app.record_dispense(call).await)
    }

    async fn reverse_dispense(
        &self,
        request: Request<pb::ReverseDispenseRequest>,
    ) -> Result<Response<pb::ReverseDispenseResponse>, Status> {
        let call = self.calls.open(request, circulation::reverse_dispense)?;
        rpc::reply(self.app.reverse_dispense(call).await)
    }

    type WatchPrescriptionsStream = ResponseStream<pb::WatchPrescriptionsResponse>;

    async fn watch_prescriptions(
        &self,
        request: Request<pb::WatchPrescriptionsRequest>,
    ) -> Result<Response<Self::WatchPrescriptionsStream>, Status> {
        let call = self.calls.open(request, circulation::watch)?;
        let institution: String =
            rpc::reply(call.meta.principal.institution().map(str::to_owned))?.into_inner();
        let app = self.app.clone();
        let read = move |after| {
            let (app, institution) = (app.clone(), institution.clone());
            async move {
                let changes = app.changes_after(&institution, after).await?;
                Ok::<_, PrescriptionError>(
                    changes.into_iter().map(|change| (change.sequence, change.into())).collect(),
                )
            }
        };
        Ok(Response::new(feed::tail(call.body.stop_at_end, LOOK, read, call.body.after)))
    }
}
