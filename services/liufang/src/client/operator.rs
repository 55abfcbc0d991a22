//! The operator of an installation: imports, machine clients, the ledger.

use liufang_proto::identity::v1::{
    ErasePersonRequest, ErasePersonResponse, ImportAgreementNoticeRequest, ImportAgreementNoticeResponse,
    ImportGuardiansRequest, ImportGuardiansResponse, ImportInstitutionsRequest, ImportInstitutionsResponse,
    ImportPersonsRequest, ImportPersonsResponse, ImportPractitionersRequest, ImportPractitionersResponse,
    ImportRevocationListRequest, ImportRevocationListResponse, ListAuthoritiesRequest,
    ListAuthoritiesResponse, RegisterCertificateRequest, RegisterCertificateResponse, RegisterClientRequest,
    RegisterClientResponse,
};
use liufang_proto::inventory::v1::{
    ImportDrugsRequest, ImportDrugsResponse, PublishListingsRequest, PublishListingsResponse,
    RecordMovementsRequest, RecordMovementsResponse,
};
use liufang_proto::prescription::v1::{PublishSlotsRequest, PublishSlotsResponse};
use liufang_proto::settlement::v1::{
    AuditLedgerRequest, AuditLedgerResponse, CreditAccountsRequest, CreditAccountsResponse,
    FetchStatementRequest, FetchStatementResponse, GetStatementRequest, GetStatementResponse,
    GetTrialBalanceRequest, GetTrialBalanceResponse, ImportStatementRequest, ImportStatementResponse,
    ListStuckPaymentsRequest, ListStuckPaymentsResponse, ListTransfersRequest, ListTransfersResponse,
    ResolvePaymentRequest, ResolvePaymentResponse,
};

use super::calls::{calls, keyed};
use super::{Gateway, Session};

/// An operator with a token made by `liufang token --kind operator`.
#[derive(Clone)]
pub struct Operator {
    session: Session,
}

keyed!(Operator);

impl Operator {
    pub fn new(gateway: &Gateway, token: &str) -> Operator {
        Operator { session: Session::fixed(gateway, token) }
    }
}

calls!(Operator {
    write register_client: Tokens.register_client(RegisterClientRequest) -> RegisterClientResponse;
    write erase_person: Persons.erase_person(ErasePersonRequest) -> ErasePersonResponse;
    write import_persons: Persons.import_persons(ImportPersonsRequest) -> ImportPersonsResponse;
    write import_guardians: Guardians.import_guardians(ImportGuardiansRequest) -> ImportGuardiansResponse;
    write import_institutions: Institutions.import_institutions(ImportInstitutionsRequest) -> ImportInstitutionsResponse;
    write import_agreement_notice: Institutions.import_agreement_notice(ImportAgreementNoticeRequest) -> ImportAgreementNoticeResponse;
    write import_practitioners: Institutions.import_practitioners(ImportPractitionersRequest) -> ImportPractitionersResponse;
    write register_certificate: Certificates.register_certificate(RegisterCertificateRequest) -> RegisterCertificateResponse;
    write import_revocation_list: Certificates.import_revocation_list(ImportRevocationListRequest) -> ImportRevocationListResponse;
    write import_drugs: Catalogue.import_drugs(ImportDrugsRequest) -> ImportDrugsResponse;
    write publish_listings: Catalogue.publish_listings(PublishListingsRequest) -> PublishListingsResponse;
    write record_movements: Stock.record_movements(RecordMovementsRequest) -> RecordMovementsResponse;
    write publish_slots: Visits.publish_slots(PublishSlotsRequest) -> PublishSlotsResponse;
    write credit_accounts: Accounts.credit_accounts(CreditAccountsRequest) -> CreditAccountsResponse;
    write resolve_payment: Payments.resolve_payment(ResolvePaymentRequest) -> ResolvePaymentResponse;

    read list_stuck_payments: Payments.list_stuck_payments(ListStuckPaymentsRequest) -> ListStuckPaymentsResponse;
    read list_authorities: Certificates.list_authorities(ListAuthoritiesRequest) -> ListAuthoritiesResponse;
    read get_trial_balance: Ledger.get_trial_balance(GetTrialBalanceRequest) -> GetTrialBalanceResponse;
    read list_transfers: Ledger.list_transfers(ListTransfersRequest) -> ListTransfersResponse;
    write import_statement: Reconcile.import_statement(ImportStatementRequest) -> ImportStatementResponse;
    write fetch_statement: Reconcile.fetch_statement(FetchStatementRequest) -> FetchStatementResponse;
    read get_statement: Reconcile.get_statement(GetStatementRequest) -> GetStatementResponse;
    read audit_ledger: Ledger.audit_ledger(AuditLedgerRequest) -> AuditLedgerResponse;
});
