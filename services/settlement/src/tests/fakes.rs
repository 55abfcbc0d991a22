//! The outside: identity with a fixed cast, a channel and an insurer that keep books and can lose words.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use liufang_proto::hooks::v1 as hooks;
use liufang_proto::identity::v1 as id;
use tonic::{Request, Response, Status};

/// What happens to the next calls of a method, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    LoseRequest,
    LoseAnswer,
    Refuse,
    /// The payer has not paid yet.
    StayOpen,
}

#[derive(Default)]
pub struct Books {
    pub channel: BTreeMap<String, ChannelRow>,
    /// By msgid: settlement number, and whether it was reversed.
    pub insurer: BTreeMap<String, (String, bool)>,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    pub calls: Vec<&'static str>,
}

#[derive(Clone, Default)]
pub struct ChannelRow {
    pub amount: i64,
    pub freight: i64,
    pub refunded: i64,
    pub state: i32,
}

#[derive(Clone, Default)]
pub struct Fakes(Arc<Mutex<Books>>);

impl Fakes {
    pub fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    pub fn dial(&self, method: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.books().faults.entry(method).or_default().extend(faults);
    }

    /// Plays `effect` under the method's next fault.
    fn play<T>(
        &self,
        method: &'static str,
        effect: impl FnOnce(&mut Books, Option<Fault>) -> T,
    ) -> Result<Response<T>, Status> {
        let mut books = self.books();
        books.calls.push(method);
        let fault = books.faults.get_mut(method).and_then(VecDeque::pop_front);
        if fault == Some(Fault::LoseRequest) {
            return Err(Status::unavailable("lost"));
        }
        let reply = effect(&mut books, fault);
        if fault == Some(Fault::LoseAnswer) {
            return Err(Status::deadline_exceeded("lost"));
        }
        Ok(Response::new(reply))
    }
}

use hooks::ChannelState as State;

#[async_trait::async_trait]
impl hooks::payment_channel_server::PaymentChannel for Fakes {
    async fn create_payment(
        &self,
        request: Request<hooks::CreatePaymentRequest>,
    ) -> Result<Response<hooks::CreatePaymentResponse>, Status> {
        let body = request.into_inner();
        self.play("create", |books, fault| {
            let first = match fault {
                Some(Fault::Refuse) => State::Refused,
                Some(Fault::StayOpen) => State::Open,
                _ => State::Paid,
            };
            let row = books.channel.entry(body.channel_order_no).or_insert(ChannelRow {
                amount: body.amount_fen,
                freight: body.freight_fen,
                refunded: 0,
                state: first as i32,
            });
            assert_eq!(row.amount, body.amount_fen, "one number, one amount");
            hooks::CreatePaymentResponse { state: row.state, channel_trade_no: "T1".into() }
        })
    }

    async fn query_payment(
        &self,
        request: Request<hooks::QueryPaymentRequest>,
    ) -> Result<Response<hooks::QueryPaymentResponse>, Status> {
        let body = request.into_inner();
        self.play("query", |books, _| match books.channel.get(&body.channel_order_no) {
            Some(row) => hooks::QueryPaymentResponse {
                state: row.state,
                amount_fen: row.amount,
                channel_trade_no: "T1".into(),
                refunded_fen: row.refunded,
            },
            None => hooks::QueryPaymentResponse { state: State::NotFound as i32, ..Default::default() },
        })
    }

    async fn close_payment(
        &self,
        request: Request<hooks::ClosePaymentRequest>,
    ) -> Result<Response<hooks::ClosePaymentResponse>, Status> {
        let body = request.into_inner();
        self.play("close", |books, _| {
            let row = books
                .channel
                .entry(body.channel_order_no)
                .or_insert(ChannelRow { state: State::Closed as i32, ..Default::default() });
            if row.state == State::Open as i32 {
                row.state = State::Closed as i32;
            }
            hooks::ClosePaymentResponse { state: row.state }
        })
    }

    async fn refund_payment(
        &self,
        request: Request<hooks::RefundPaymentRequest>,
    ) -> Result<Response<hooks::RefundPaymentResponse>, Status> {
        let body = request.into_inner();
        self.play("refund", |books, _| {
            let row = books.channel.get_mut(&body.channel_order_no).expect("refund of a known payment");
            assert_eq!(row.amount, body.amount_fen, "whole refunds only");
            row.refunded = body.amount_fen;
            row.state = State::Refunded as i32;
            hooks::RefundPaymentResponse { accepted: true, reason: String::new() }
        })
    }
}

use hooks::InsurerOutcome as Outcome;

#[async_trait::async_trait]
impl hooks::insurer_hook_server::InsurerHook for Fakes {
    async fn settle(
        &self,
        request: Request<hooks::SettleRequest>,
    ) -> Result<Response<hooks::SettleResponse>, Status> {
        let body = request.into_inner();
        assert_eq!(body.msgid.len(), 30);
        self.play("settle", |books, fault| {
            if fault == Some(Fault::Refuse) {
                let err_msg = "refused".into();
                return hooks::SettleResponse {
                    outcome: Outcome::Rejected as i32,
                    setl_id: String::new(),
                    err_msg,
                };
            }
            let next = format!("S{:06}", books.insurer.len() + 1);
            let row = books.insurer.entry(body.msgid).or_insert((next, false));
            hooks::SettleResponse {
                outcome: Outcome::Success as i32,
                setl_id: row.0.clone(),
                err_msg: String::new(),
            }
        })
    }

    async fn reverse(
        &self,
        request: Request<hooks::ReverseRequest>,
    ) -> Result<Response<hooks::ReverseResponse>, Status> {
        let body = request.into_inner();
        self.play("reverse", |books, _| {
            let outcome = match books.insurer.get_mut(&body.omsgid) {
                Some(row) => {
                    row.1 = true;
                    Outcome::Success
                }
                None => Outcome::NotFound,
            };
            hooks::ReverseResponse { outcome: outcome as i32 }
        })
    }

    async fn query_message(
        &self,
        request: Request<hooks::QueryMessageRequest>,
    ) -> Result<Response<hooks::QueryMessageResponse>, Status> {
        let body = request.into_inner();
        self.play("query_message", |books, _| match books.insurer.get(&body.msgid) {
            Some((setl_id, reversed)) => hooks::QueryMessageResponse {
                outcome: Outcome::Success as i32,
                setl_id: setl_id.clone(),
                reversed: *reversed,
            },
            None => hooks::QueryMessageResponse { outcome: Outcome::NotFound as i32, ..Default::default() },
        })
    }
}

/// Methods this service never calls, in the form `async_trait` gives them.
macro_rules! never {
    ($($method:ident: $request:ident => $response:ident;)*) => {$(
        fn $method<'life0, 'async_trait>(
            &'life0 self,
            _: Request<id::$request>,
        ) -> Answer<'async_trait, id::$response>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async { Err(Status::internal("not called by settlement")) })
        }
    )*};
}

type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

fn insurance(insutype: &str, psn_type: &str, place: &str) -> id::Insurance {
    id::Insurance {
        insutype: insutype.into(),
        psn_type: psn_type.into(),
        insuplc_admdvs: place.into(),
        state: id::InsuranceState::Normal as i32,
        begin_date: "2020-01-01".into(),
        end_date: String::new(),
    }
}

fn chronic(code: &str) -> id::ChronicRegistration {
    id::ChronicRegistration {
        dise_codg: code.into(),
        dise_name: String::new(),
        begin_date: "2024-01-01".into(),
        end_date: String::new(),
    }
}

/// `bj…` are insured in Beijing, `qhd…` in Qinhuangdao with hypertension, others nowhere.
fn person(person_id: &str) -> id::Person {
    let (insurances, chronic) = match person_id {
        who if who.starts_with("bj") => (vec![insurance("310", "1101", "110105")], vec![]),
        who if who.starts_with("qhd") => (vec![insurance("310", "1101", "130302")], vec![chronic("M03900")]),
        _ => (vec![], vec![]),
    };
    id::Person {
        person_id: person_id.into(),
        birth_date: "1970-05-01".into(),
        insurances,
        chronic,
        verified: true,
        ..Default::default()
    }
}

#[async_trait::async_trait]
impl id::person_service_server::PersonService for Fakes {
    async fn get_person_for_service(
        &self,
        request: Request<id::GetPersonForServiceRequest>,
    ) -> Result<Response<id::GetPersonForServiceResponse>, Status> {
        let person = Some(person(&request.into_inner().person_id));
        Ok(Response::new(id::GetPersonForServiceResponse { person, ..Default::default() }))
    }

    /// Everybody whose id holds `rel` has filed.
    async fn check_mutual_aid(
        &self,
        request: Request<id::CheckMutualAidRequest>,
    ) -> Result<Response<id::CheckMutualAidResponse>, Status> {
        let body = request.into_inner();
        match body.holder_person_ids.iter().all(|holder| holder.contains("rel")) {
            true => Ok(Response::new(id::CheckMutualAidResponse { mutual_aids: Vec::new() })),
            false => Err(Status::failed_precondition("MUTUAL_AID_NOT_FILED")),
        }
    }

    never! {
        get_me: GetMeRequest => GetMeResponse;
        import_persons: ImportPersonsRequest => ImportPersonsResponse;
        file_mutual_aid: FileMutualAidRequest => FileMutualAidResponse;
        consent_mutual_aid: ConsentMutualAidRequest => ConsentMutualAidResponse;
        withdraw_mutual_aid: WithdrawMutualAidRequest => WithdrawMutualAidResponse;
        list_mutual_aid: ListMutualAidRequest => ListMutualAidResponse;
        issue_insurance_code: IssueInsuranceCodeRequest => IssueInsuranceCodeResponse;
        decode_insurance_code: DecodeInsuranceCodeRequest => DecodeInsuranceCodeResponse;
        list_access_records: ListAccessRecordsRequest => ListAccessRecordsResponse;
    }
}

#[async_trait::async_trait]
impl id::institution_service_server::InstitutionService for Fakes {
    /// The region is in the code; serial 99999 has no agreement.
    async fn get_institution(
        &self,
        request: Request<id::GetInstitutionRequest>,
    ) -> Result<Response<id::GetInstitutionResponse>, Status> {
        let code = request.into_inner().fixmedins_code;
        let hospital = code.starts_with('H');
        let kind = if hospital { id::InstitutionKind::Hospital } else { id::InstitutionKind::Pharmacy };
        let state =
            if code.ends_with("99999") { id::AgreementState::Terminated } else { id::AgreementState::Active };
        let institution = id::Institution {
            kind: kind as i32,
            level: if hospital { "3".into() } else { String::new() },
            region: if code[1..].starts_with("11") { "110000".into() } else { "130300".into() },
            agreement_state: state as i32,
            fixmedins_code: code,
            ..Default::default()
        };
        Ok(Response::new(id::GetInstitutionResponse { institution: Some(institution) }))
    }

    never! {
        import_institutions: ImportInstitutionsRequest => ImportInstitutionsResponse;
        import_agreement_notice: ImportAgreementNoticeRequest => ImportAgreementNoticeResponse;
        list_institutions: ListInstitutionsRequest => ListInstitutionsResponse;
        import_practitioners: ImportPractitionersRequest => ImportPractitionersResponse;
        get_practitioner: GetPractitionerRequest => GetPractitionerResponse;
        list_practitioners: ListPractitionersRequest => ListPractitionersResponse;
    }
}
