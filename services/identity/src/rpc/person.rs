//! `PersonService`: parse, use case, render.

use liufang_platform::rpc;
use liufang_proto::identity::v1 as pb;
use liufang_proto::identity::v1::person_service_server::PersonService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire::{mutual_aid, person};

#[async_trait::async_trait]
impl PersonService for Rpc {
    async fn get_me(
        &self,
        request: Request<pb::GetMeRequest>,
    ) -> Result<Response<pb::GetMeResponse>, Status> {
        let call = self.calls.open(request, person::get_me)?;
        rpc::reply(self.app.get_me(call).await)
    }

    async fn import_persons(
        &self,
        request: Request<pb::ImportPersonsRequest>,
    ) -> Result<Response<pb::ImportPersonsResponse>, Status> {
        let call = self.calls.open(request, person::import)?;
        rpc::reply(self.app.import_persons(call).await)
    }

    async fn erase_person(
        &self,
        request: Request<pb::ErasePersonRequest>,
    ) -> Result<Response<pb::ErasePersonResponse>, Status> {
        let call = self.calls.open(request, person::erase)?;
        rpc::reply(self.app.erase_person(call).await)
    }

    async fn get_person_for_service(
        &self,
        request: Request<pb::GetPersonForServiceRequest>,
    ) -> Result<Response<pb::GetPersonForServiceResponse>, Status> {
        let call = self.calls.open(request, person::for_service)?;
        rpc::reply(self.app.get_person_for_service(call).await)
    }

    async fn file_mutual_aid(
        &self,
        request: Request<pb::FileMutualAidRequest>,
    ) -> Result<Response<pb::FileMutualAidResponse>, Status> {
        let call = self.calls.open(request, mutual_aid::file)?;
        rpc::reply(self.app.file_mutual_aid(call).await)
    }

    async fn consent_mutual_aid(
        &self,
        request: Request<pb::ConsentMutualAidRequest>,
    ) -> Result<Response<pb::ConsentMutualAidResponse>, Status> {
        let call = self.calls.open(request, mutual_aid::consent)?;
        rpc::reply(self.app.consent_mutual_aid(call).await)
    }

    async fn withdraw_mutual_aid(
        &self,
        request: Request<pb::WithdrawMutualAidRequest>,
    ) -> Result<Response<pb::WithdrawMutualAidResponse>, Status> {
        let call = self.calls.open(request, mutual_aid::withdraw)?;
        rpc::reply(self.app.withdraw_mutual_aid(call).await)
    }

    async fn list_mutual_aid(
        &self,
        request: Request<pb::ListMutualAidRequest>,
    ) -> Result<Response<pb::ListMutualAidResponse>, Status> {
        let call = self.calls.open(request, mutual_aid::list)?;
        rpc::reply(self.app.list_mutual_aid(call).await)
    }

    async fn get_mutual_aid_rules(
        &self,
        request: Request<pb::GetMutualAidRulesRequest>,
    ) -> Result<Response<pb::GetMutualAidRulesResponse>, Status> {
        let call = self.calls.open(request, mutual_aid::rules)?;
        rpc::reply(self.app.mutual_aid_rules(call))
    }

    async fn check_mutual_aid(
        &self,
        request: Request<pb::CheckMutualAidRequest>,
    ) -> Result<Response<pb::CheckMutualAidResponse>, Status> {
        let call = self.calls.open(request, mutual_aid::check)?;
        rpc::reply(self.app.check_mutual_aid(call).await)
    }

    async fn name_relatives(
        &self,
        request: Request<pb::NameRelativesRequest>,
    ) -> Result<Response<pb::NameRelativesResponse>, Status> {
        let call = self.calls.open(request, mutual_aid::name)?;
        rpc::reply(self.app.name_relatives(call).await)
    }

    async fn issue_insurance_code(
        &self,
        request: Request<pb::IssueInsuranceCodeRequest>,
    ) -> Result<Response<pb::IssueInsuranceCodeResponse>, Status> {
        let call = self.calls.open(request, person::issue_code)?;
        rpc::reply(self.app.issue_insurance_code(call).await)
    }

    async fn decode_insurance_code(
        &self,
        request: Request<pb::DecodeInsuranceCodeRequest>,
    ) -> Result<Response<pb::DecodeInsuranceCodeResponse>, Status> {
        let call = self.calls.open(request, person::decode_code)?;
        rpc::reply(self.app.decode_insurance_code(call).await)
    }

    async fn redeem_presence(
        &self,
        request: Request<pb::RedeemPresenceRequest>,
    ) -> Result<Response<pb::RedeemPresenceResponse>, Status> {
        let call = self.calls.open(request, person::redeem_presence)?;
        rpc::reply(self.app.redeem_presence(call).await)
    }

    async fn list_access_records(
        &self,
        request: Request<pb::ListAccessRecordsRequest>,
    ) -> Result<Response<pb::ListAccessRecordsResponse>, Status> {
        let call = self.calls.open(request, person::access_records)?;
        rpc::reply(self.app.list_access_records(call).await)
    }
}
