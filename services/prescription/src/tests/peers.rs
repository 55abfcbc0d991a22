//! Identity and inventory as this service sees them.

use std::sync::{Arc, Mutex};

use liufang_platform::AuthFault;
use liufang_platform::status::to_status;
use liufang_proto::identity::v1 as id;
use liufang_proto::inventory::v1 as inv;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

pub const PATIENT: &str = "per_1";
pub const HOSPITAL: &str = "H13030200001";
pub const PHARMACY: &str = "P13030200001";
pub const OTHER_PHARMACY: &str = "P13030200002";
pub const DOCTOR: &str = "D130302000001";
pub const HOSPITAL_PHARMACIST: &str = "HY130302000001";
pub const SHOP_PHARMACIST: &str = "RP0001";
pub const AMLODIPINE: &str = "XC08CAA001A001010100001";
pub const VALSARTAN: &str = "XC09CAX001A001010100001";
pub const DIAZEPAM: &str = "XN05BAD001A001010100001";

fn not_played<T>() -> Result<Response<T>, Status> {
    Err(to_status(&AuthFault::NotAllowed, None))
}

// the attribute has to see the methods, so the macro writes the whole impl
macro_rules! play {
    ($role:ident as $service:path; $package:ident; { $($played:tt)* } unplayed $($name:ident $request:ident $response:ident,)*) => {
        #[tonic::async_trait]
        impl $service for $role {
            $($played)*
            $(async fn $name(&self, _: Request<$package::$request>) -> Result<Response<$package::$response>, Status> {
                not_played()
            })*
        }
    };
}

/// Plays identity: keys come from the world.
#[derive(Clone)]
pub struct Identity {
    pub doctor_key: String,
    pub pharmacist_key: String,
    /// Of every doctor.
    pub practice_from: Arc<Mutex<String>>,
}

impl Identity {
    fn one(&self, code: &str) -> Option<id::Practitioner> {
        use id::PractitionerKind::{Doctor, HospitalPharmacist, RetailPharmacist};
        let (kind, institution, key) = match code {
            DOCTOR => (Doctor, HOSPITAL, self.doctor_key.clone()),
            "D130302000002" => (Doctor, "H13030200002", String::new()),
            HOSPITAL_PHARMACIST => (HospitalPharmacist, HOSPITAL, self.pharmacist_key.clone()),
            SHOP_PHARMACIST => (RetailPharmacist, PHARMACY, String::new()),
            "RP0003" => (RetailPharmacist, PHARMACY, String::new()),
            "RP0002" => (RetailPharmacist, OTHER_PHARMACY, String::new()),
            _ => return None,
        };
        Some(id::Practitioner {
            practitioner_code: code.to_owned(),
            kind: kind.into(),
            name: "甲测试".to_owned(),
            fixmedins_code: institution.to_owned(),
            title_code: "232".to_owned(),
            dept: "心血管内科".to_owned(),
            signing_key: key,
            active: true,
            certificates: Vec::new(),
            practice_from: self.practice_from.lock().unwrap().clone(),
        })
    }
}

play! { Identity as id::person_service_server::PersonService; id; {
    async fn get_person_for_service(
        &self,
        request: Request<id::GetPersonForServiceRequest>,
    ) -> Result<Response<id::GetPersonForServiceResponse>, Status> {
        let asked = request.into_inner();
        let chronic = id::ChronicRegistration {
            dise_codg: "M03900".to_owned(),
            begin_date: "2025-01-01".to_owned(),
            ..Default::default()
        };
        let person = id::Person {
            person_id: asked.person_id.clone(),
            gend: "1".to_owned(),
            birth_date: "1960-01-01".to_owned(),
            chronic: vec![chronic],
            verified: asked.person_id != "per_unverified",
            ..Default::default()
        };
        let secret = |text: &str| if asked.with_contact { text.to_owned() } else { String::new() };
        Ok(Response::new(id::GetPersonForServiceResponse {
            person: Some(person),
            name: secret("测试甲"),
            phone: String::new(),
            certno: secret("130302196001010011"),
        }))
    }
    async fn redeem_presence(
        &self,
        request: Request<id::RedeemPresenceRequest>,
    ) -> Result<Response<id::RedeemPresenceResponse>, Status> {
        // "present <person>" is a good proof
        let asked = request.into_inner();
        match asked.presence_token.strip_prefix("present ") {
            Some(person) => Ok(Response::new(id::RedeemPresenceResponse { person_id: person.to_owned() })),
            None => not_played(),
        }
    }
    } unplayed
    erase_person ErasePersonRequest ErasePersonResponse,
    get_me GetMeRequest GetMeResponse,
    import_persons ImportPersonsRequest ImportPersonsResponse,
    file_mutual_aid FileMutualAidRequest FileMutualAidResponse,
    consent_mutual_aid ConsentMutualAidRequest ConsentMutualAidResponse,
    withdraw_mutual_aid WithdrawMutualAidRequest WithdrawMutualAidResponse,
    list_mutual_aid ListMutualAidRequest ListMutualAidResponse,
    check_mutual_aid CheckMutualAidRequest CheckMutualAidResponse,
    name_relatives NameRelativesRequest NameRelativesResponse,
    get_mutual_aid_rules GetMutualAidRulesRequest GetMutualAidRulesResponse,
    issue_insurance_code IssueInsuranceCodeRequest IssueInsuranceCodeResponse,
    decode_insurance_code DecodeInsuranceCodeRequest DecodeInsuranceCodeResponse,
    list_access_records ListAccessRecordsRequest ListAccessRecordsResponse,
}

play! { Identity as id::institution_service_server::InstitutionService; id; {
    async fn get_institution(
        &self,
        request: Request<id::GetInstitutionRequest>,
    ) -> Result<Response<id::GetInstitutionResponse>, Status> {
        let institution = id::Institution {
            fixmedins_code: request.into_inner().fixmedins_code,
            fixmedins_name: "测试医院".to_owned(),
            level: "3".to_owned(),
            region: "130300".to_owned(),
            capabilities: vec!["chronic_renewal".to_owned()],
            agreement_state: id::AgreementState::Active.into(),
            ..Default::default()
        };
        Ok(Response::new(id::GetInstitutionResponse { institution: Some(institution) }))
    }
    async fn get_practitioner(
        &self,
        request: Request<id::GetPractitionerRequest>,
    ) -> Result<Response<id::GetPractitionerResponse>, Status> {
        match self.one(&request.into_inner().practitioner_code) {
            Some(practitioner) => Ok(Response::new(id::GetPractitionerResponse { practitioner: Some(practitioner) })),
            None => not_played(),
        }
    }
    } unplayed
    import_institutions ImportInstitutionsRequest ImportInstitutionsResponse,
    import_agreement_notice ImportAgreementNoticeRequest ImportAgreementNoticeResponse,
    list_institutions ListInstitutionsRequest ListInstitutionsResponse,
    import_practitioners ImportPractitionersRequest ImportPractitionersResponse,
    list_practitioners ListPractitionersRequest ListPractitionersResponse,
}

/// Plays inventory's catalogue.
#[derive(Clone)]
pub struct Catalogue;

fn drug(code: &str, name: &str, strength: &str, controlled: &str) -> inv::Drug {
    inv::Drug {
        med_list_codg: code.to_owned(),
        generic_name: name.to_owned(),
        dosage_form: "片剂".to_owned(),
        strength: strength.to_owned(),
        units_per_pack: 7,
        billing_unit: "盒".to_owned(),
        maker: "测试制药".to_owned(),
        approval_no: "国药准字H20000001".to_owned(),
        controlled: controlled.to_owned(),
        storage: "normal".to_owned(),
        ..Default::default()
    }
}

play! { Catalogue as inv::catalogue_service_server::CatalogueService; inv; {
    async fn batch_get_drugs(
        &self,
        request: Request<inv::BatchGetDrugsRequest>,
    ) -> Result<Response<inv::BatchGetDrugsResponse>, Status> {
        let codes = request.into_inner().med_list_codgs;
        let all = [
            drug(AMLODIPINE, "苯磺酸氨氯地平片", "5mg", "none"),
            drug(VALSARTAN, "缬沙坦片", "80mg", "none"),
            drug(DIAZEPAM, "地西泮片", "5mg", "psych2"),
        ];
        let drugs = all.into_iter().filter(|drug| codes.contains(&drug.med_list_codg)).collect();
        Ok(Response::new(inv::BatchGetDrugsResponse { drugs }))
    }
    } unplayed
    import_drugs ImportDrugsRequest ImportDrugsResponse,
    get_drug GetDrugRequest GetDrugResponse,
    search_drugs SearchDrugsRequest SearchDrugsResponse,
    publish_listings PublishListingsRequest PublishListingsResponse,
}

pub fn identity_routes(identity: Identity) -> Routes {
    let persons = id::person_service_server::PersonServiceServer::new(identity.clone());
    Routes::new(persons).add_service(id::institution_service_server::InstitutionServiceServer::new(identity))
}

pub fn inventory_routes() -> Routes {
    Routes::new(inv::catalogue_service_server::CatalogueServiceServer::new(Catalogue))
}
