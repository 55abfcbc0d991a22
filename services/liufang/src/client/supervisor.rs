//! A supervisor or inspector: cases, the fund view, stock and trace codes of every institution.

use liufang_proto::inventory::v1::{
    GetTraceCodeRequest, GetTraceCodeResponse, ListMovementsRequest, ListMovementsResponse,
};
use liufang_proto::settlement::v1::{
    AuditLedgerRequest, AuditLedgerResponse, GetDailyTotalsRequest, GetDailyTotalsResponse,
    GetTrialBalanceRequest, GetTrialBalanceResponse, ListClaimsRequest, ListClaimsResponse,
    ListTransfersRequest, ListTransfersResponse,
};
use liufang_proto::supervision::v1::{
    CloseCaseRequest, CloseCaseResponse, GetCaseRequest, GetCaseResponse, GetFundViewRequest,
    GetFundViewResponse, ListCasesRequest, ListCasesResponse, StartInspectionRequest,
    StartInspectionResponse,
};

use super::calls::{calls, keyed};
use super::{Gateway, MachineKey, Session};

/// A supervisor of one region.
#[derive(Clone)]
pub struct Supervisor {
    session: Session,
    code: String,
}

keyed!(Supervisor);

impl Supervisor {
    pub fn new(gateway: &Gateway, key: MachineKey, code: &str) -> Supervisor {
        Supervisor { session: Session::machine(gateway, key), code: code.to_owned() }
    }

    pub fn code(&self) -> &str {
        &self.code
    }
}

calls!(Supervisor {
    read list_cases: Supervision.list_cases(ListCasesRequest) -> ListCasesResponse;
    read get_case: Supervision.get_case(GetCaseRequest) -> GetCaseResponse;
    write start_inspection: Supervision.start_inspection(StartInspectionRequest) -> StartInspectionResponse;
    write close_case: Supervision.close_case(CloseCaseRequest) -> CloseCaseResponse;
    read get_fund_view: Supervision.get_fund_view(GetFundViewRequest) -> GetFundViewResponse;

    read list_movements: Stock.list_movements(ListMovementsRequest) -> ListMovementsResponse;
    read get_trace_code: Stock.get_trace_code(GetTraceCodeRequest) -> GetTraceCodeResponse;
    read get_daily_totals: Claims.get_daily_totals(GetDailyTotalsRequest) -> GetDailyTotalsResponse;
    read list_claims: Claims.list_claims(ListClaimsRequest) -> ListClaimsResponse;
    read get_trial_balance: Ledger.get_trial_balance(GetTrialBalanceRequest) -> GetTrialBalanceResponse;
    read list_transfers: Ledger.list_transfers(ListTransfersRequest) -> ListTransfersResponse;
    read audit_ledger: Ledger.audit_ledger(AuditLedgerRequest) -> AuditLedgerResponse;
});
