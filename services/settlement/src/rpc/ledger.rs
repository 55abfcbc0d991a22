//! Personal accounts and the ledger.

use liufang_platform::rpc::reply;
use liufang_proto::settlement::v1 as pb;
use pb::account_service_server::AccountService;
use pb::ledger_service_server::LedgerService;
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::wire;

#[async_trait::async_trait]
impl AccountService for Rpc {
    async fn get_account(
        &self,
        request: Request<pb::GetAccountRequest>,
    ) -> Result<Response<pb::GetAccountResponse>, Status> {
        let call = self.calls.open(request, wire::account::get)?;
        reply(self.app.get_account(call).await.map(wire::account::get_reply))
    }

    async fn list_statement(
        &self,
        request: Request<pb::ListStatementRequest>,
    ) -> Result<Response<pb::ListStatementResponse>, Status> {
        let call = self.calls.open(request, wire::account::statement)?;
        reply(self.app.list_statement(call).await.map(wire::account::statement_reply))
    }

    async fn list_holds(
        &self,
        request: Request<pb::ListHoldsRequest>,
    ) -> Result<Response<pb::ListHoldsResponse>, Status> {
        let call = self.calls.open(request, wire::account::holds)?;
        reply(self.app.list_holds(call).await.map(wire::account::holds_reply))
    }

    async fn credit_accounts(
        &self,
        request: Request<pb::CreditAccountsRequest>,
    ) -> Result<Response<pb::CreditAccountsResponse>, Status> {
        let call = self.calls.open(request, wire::account::credit)?;
        reply(self.app.credit_accounts(call).await.map(wire::account::credit_reply))
    }
}

#[async_trait::async_trait]
impl LedgerService for Rpc {
    async fn get_trial_balance(
        &self,
        request: Request<pb::GetTrialBalanceRequest>,
    ) -> Result<Response<pb::GetTrialBalanceResponse>, Status> {
        let call = self.calls.open(request, wire::ledger::trial_balance)?;
        reply(self.app.trial_balance(call).await.map(wire::ledger::trial_balance_reply))
    }

    async fn list_transfers(
        &self,
        request: Request<pb::ListTransfersRequest>,
    ) -> Result<Response<pb::ListTransfersResponse>, Status> {
        let call = self.calls.open(request, wire::ledger::transfers)?;
        reply(self.app.list_transfers(call).await.map(wire::ledger::transfers_reply))
    }

    async fn audit_ledger(
        &self,
        request: Request<pb::AuditLedgerRequest>,
    ) -> Result<Response<pb::AuditLedgerResponse>, Status> {
        let call = self.calls.open(request, wire::ledger::audit)?;
        reply(self.app.audit_ledger(call).await.map(wire::ledger::audit_reply))
    }
}
