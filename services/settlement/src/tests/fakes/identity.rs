//! Identity with a fixed cast.

use liufang_proto::identity::v1 as id;
use tonic::{Request, Response, Status};

use super::Fakes;

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

    /// Relatives alone have names, and only for others than themselves.
    async fn name_relatives(
        &self,
        request: Request<id::NameRelativesRequest>,
    ) -> Result<Response<id::NameRelativesResponse>, Status> {
        let body = request.into_inner();
        if body.person_id.contains("mute") {
            return Err(Status::unavailable("silent"));
        }
        let name = |person_id: String| id::RelativeName { name_masked: format!("{person_id}*"), person_id };
        let names = body.relative_person_ids.into_iter().map(name).collect();
        Ok(Response::new(id::NameRelativesResponse { names }))
    }

    never! {
        erase_person: ErasePersonRequest => ErasePersonResponse;
        get_me: GetMeRequest => GetMeResponse;
        import_persons: ImportPersonsRequest => ImportPersonsResponse;
        file_mutual_aid: FileMutualAidRequest => FileMutualAidResponse;
        consent_mutual_aid: ConsentMutualAidRequest => ConsentMutualAidResponse;
        withdraw_mutual_aid: WithdrawMutualAidRequest => WithdrawMutualAidResponse;
        list_mutual_aid: ListMutualAidRequest => ListMutualAidResponse;
        get_mutual_aid_rules: GetMutualAidRulesRequest => GetMutualAidRulesResponse;
        issue_insurance_code: IssueInsuranceCodeRequest => IssueInsuranceCodeResponse;
        decode_insurance_code: DecodeInsuranceCodeRequest => DecodeInsuranceCodeResponse;
        redeem_presence: RedeemPresenceRequest => RedeemPresenceResponse;
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
