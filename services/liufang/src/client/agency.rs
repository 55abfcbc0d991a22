//! The insurance agency 经办机构: claims, payments, the ledger.

use liufang_proto::identity::v1::{
    DecideGuardianRequest, DecideGuardianResponse, ErasePersonRequest, ErasePersonResponse,
    GetInstitutionRequest, GetInstitutionResponse, ImportAgreementNoticeRequest,
    ImportAgreementNoticeResponse, ImportGuardiansRequest, ImportGuardiansResponse,
    ImportInstitutionsRequest, ImportInstitutionsResponse, ImportPersonsRequest, ImportPersonsResponse,
    ImportPractitionersRequest, ImportPractitionersResponse, ListGuardianFilingsRequest,
    ListGuardianFilingsResponse,
};
use liufang_proto::inventory::v1::{
    GetTraceCodeRequest, GetTraceCodeResponse, ImportDrugsRequest, ImportDrugsResponse, ListMovementsRequest,
    ListMovementsResponse,
};
use liufang_proto::settlement::v1::{
    AuditLedgerRequest, AuditLedgerResponse, Claim, CreditAccountsRequest, CreditAccountsResponse,
    GetDailyTotalsRequest, GetDailyTotalsResponse, GetTrialBalanceRequest, GetTrialBalanceResponse,
    ListClaimLinesRequest, ListClaimLinesResponse, ListClaimsRequest, ListClaimsResponse,
    ListReceivablesRequest, ListReceivablesResponse, ListTransfersRequest, ListTransfersResponse,
    PayClaimRequest, PayClaimResponse, ReviewClaimRequest, ReviewClaimResponse,
};
use liufang_proto::supervision::v1::{
    GetFundViewRequest, GetFundViewResponse, ListCasesRequest, ListCasesResponse,
};

use super::calls::{calls, keyed};
use super::{Answer, Gateway, MachineKey, Session};

/// An agency of one region.
#[derive(Clone)]
pub struct Agency {
    session: Session,
    code: String,
}

keyed!(Agency);

impl Agency {
    pub fn new(gateway: &Gateway, key: MachineKey, code: &str) -> Agency {
        Agency { session: Session::machine(gateway, key), code: code.to_owned() }
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    /// Approves a claim whole and pays it.
    pub async fn approve_and_pay(&self, claim_id: &str, bank_reference: &str) -> Answer<Claim> {
        let body = ReviewClaimRequest { claim_id: claim_id.to_owned(), ..Default::default() };
        self.review_claim(body).await?;
        let body = PayClaimRequest {
            claim_id: claim_id.to_owned(),
            bank_reference: bank_reference.to_owned(),
            ..Default::default()
        };
        Ok(self.pay_claim(body).await?.claim.unwrap_or_default())
    }
}

calls!(Agency {
    read get_institution: Institutions.get_institution(GetInstitutionRequest) -> GetInstitutionResponse;
    write erase_person: Persons.erase_person(ErasePersonRequest) -> ErasePersonResponse;
    write import_persons: Persons.import_persons(ImportPersonsRequest) -> ImportPersonsResponse;
    write import_guardians: Guardians.import_guardians(ImportGuardiansRequest) -> ImportGuardiansResponse;
    read list_guardian_filings: Guardians.list_guardian_filings(ListGuardianFilingsRequest) -> ListGuardianFilingsResponse;
    write decide_guardian: Guardians.decide_guardian(DecideGuardianRequest) -> DecideGuardianResponse;
    write import_institutions: Institutions.import_institutions(ImportInstitutionsRequest) -> ImportInstitutionsResponse;
    write import_agreement_notice: Institutions.import_agreement_notice(ImportAgreementNoticeRequest) -> ImportAgreementNoticeResponse;
    write import_practitioners: Institutions.import_practitioners(ImportPractitionersRequest) -> ImportPractitionersResponse;
    write import_drugs: Catalogue.import_drugs(ImportDrugsRequest) -> ImportDrugsResponse;
    write credit_accounts: Accounts.credit_accounts(CreditAccountsRequest) -> CreditAccountsResponse;
    read list_movements: Stock.list_movements(ListMovementsRequest) -> ListMovementsResponse;
    read get_trace_code: Stock.get_trace_code(GetTraceCodeRequest) -> GetTraceCodeResponse;

    read get_daily_totals: Claims.get_daily_totals(GetDailyTotalsRequest) -> GetDailyTotalsResponse;
    read list_claims: Claims.list_claims(ListClaimsRequest) -> ListClaimsResponse;
    read list_claim_lines: Claims.list_claim_lines(ListClaimLinesRequest) -> ListClaimLinesResponse;
    write review_claim: Claims.review_claim(ReviewClaimRequest) -> ReviewClaimResponse;
    write pay_claim: Claims.pay_claim(PayClaimRequest) -> PayClaimResponse;
    read list_receivables: Claims.list_receivables(ListReceivablesRequest) -> ListReceivablesResponse;

    read get_trial_balance: Ledger.get_trial_balance(GetTrialBalanceRequest) -> GetTrialBalanceResponse;
    read list_transfers: Ledger.list_transfers(ListTransfersRequest) -> ListTransfersResponse;
    read audit_ledger: Ledger.audit_ledger(AuditLedgerRequest) -> AuditLedgerResponse;

    read list_cases: Supervision.list_cases(ListCasesRequest) -> ListCasesResponse;
    read get_fund_view: Supervision.get_fund_view(GetFundViewRequest) -> GetFundViewResponse;
});
