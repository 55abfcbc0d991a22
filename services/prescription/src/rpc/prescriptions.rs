//! `PrescriptionService`: parse → app → render.

use liufang_platform::rpc::{self, Calls};
use liufang_proto::prescription::v1 as pb;
use pb::prescription_service_server::PrescriptionService;
use tonic::{Request, Response, Status};

use crate::app::App;
use crate::wire::{circulation, prescribing};

/// Answers `PrescriptionService`.
#[derive(Clone)]
pub struct Prescriptions {
    pub app: App,
    pub calls: Calls,
}

#[tonic::async_trait]
impl PrescriptionService for Prescriptions {
    async fn get_prescription(
        &self,
        request: Request<pb::GetPrescriptionRequest>,
    ) -> Result<Response<pb::GetPrescriptionResponse>, Status> {
        let call = self.calls.open(request, prescribing::get_prescription)?;
        rpc::reply(self.app.get_prescription(call).await)
    }

    async fn list_my_prescriptions(
        &self,
        request: Request<pb::ListMyPrescriptionsRequest>,
    ) -> Result<Response<pb::ListMyPrescriptionsResponse>, Status> {
        let call = self.calls.open(request, prescribing::list_my_prescriptions)?;
        rpc::reply(self.app.list_my_prescriptions(call).await)
    }

    async fn present_prescription(
        &self,
        request: Request<pb::PresentPrescriptionRequest>,
    ) -> Result<Response<pb::PresentPrescriptionResponse>, Status> {
        let call = self.calls.open(request, circulation::present_prescription)?;
        rpc::reply(self.app.present(call).await)
    }

    async fn nominate(
        &self,
        request: Request<pb::NominateRequest>,
    ) -> Result<Response<pb::NominateResponse>, Status> {
        let call = self.calls.open(request, circulation::nominate)?;
        rpc::reply(self.app.nominate(call).await)
    }

    async fn release_nomination(
        &self,
        request: Request<pb::ReleaseNominationRequest>,
    ) -> Result<Response<pb::ReleaseNominationResponse>, Status> {
        let call = self.calls.open(request, circulation::release_nomination)?;
        rpc::reply(self.app.release_nomination(call).await)
    }
}
