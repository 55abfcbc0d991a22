//! Short names of the generated clients over a plain channel.

use liufang_proto::{dispatch, identity, inventory, order, prescription, sandbox, settlement, supervision};
use tonic::transport::Channel;

pub type Verifications = identity::v1::verification_service_client::VerificationServiceClient<Channel>;
pub type Tokens = identity::v1::token_service_client::TokenServiceClient<Channel>;
pub type Persons = identity::v1::person_service_client::PersonServiceClient<Channel>;
pub type Guardians = identity::v1::guardian_service_client::GuardianServiceClient<Channel>;
pub type Certificates = identity::v1::certificate_service_client::CertificateServiceClient<Channel>;
pub type Institutions = identity::v1::institution_service_client::InstitutionServiceClient<Channel>;

pub type Catalogue = inventory::v1::catalogue_service_client::CatalogueServiceClient<Channel>;
pub type Stock = inventory::v1::stock_service_client::StockServiceClient<Channel>;
pub type Offers = inventory::v1::offer_service_client::OfferServiceClient<Channel>;

pub type Visits = prescription::v1::visit_service_client::VisitServiceClient<Channel>;
pub type Prescribing = prescription::v1::prescribing_service_client::PrescribingServiceClient<Channel>;
pub type Prescriptions = prescription::v1::prescription_service_client::PrescriptionServiceClient<Channel>;
pub type Circulation = prescription::v1::circulation_service_client::CirculationServiceClient<Channel>;

pub type Quotes = settlement::v1::quote_service_client::QuoteServiceClient<Channel>;
pub type Payments = settlement::v1::payment_service_client::PaymentServiceClient<Channel>;
pub type Accounts = settlement::v1::account_service_client::AccountServiceClient<Channel>;
pub type Ledger = settlement::v1::ledger_service_client::LedgerServiceClient<Channel>;
pub type Reconcile = settlement::v1::reconcile_service_client::ReconcileServiceClient<Channel>;
pub type Claims = settlement::v1::claim_service_client::ClaimServiceClient<Channel>;

pub type Orders = order::v1::order_service_client::OrderServiceClient<Channel>;
pub type Deliveries = dispatch::v1::delivery_service_client::DeliveryServiceClient<Channel>;
pub type Couriers = dispatch::v1::courier_service_client::CourierServiceClient<Channel>;
pub type Supervision = supervision::v1::supervision_service_client::SupervisionServiceClient<Channel>;
pub type Sandbox = sandbox::v1::sandbox_service_client::SandboxServiceClient<Channel>;
