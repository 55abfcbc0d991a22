//! Seed rows of identity and settlement as requests: institutions, notices, practitioners, persons, credits.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_kernel::timestamp::date_text;
use liufang_proto::common::v1::GeoPoint;
use liufang_proto::identity::v1 as pb;
use liufang_proto::settlement::v1::CreditRow;

use super::rows::{GuardianRow, InstitutionRow, PersonRow, PractitionerRow};
use super::{Seed, practitioner};

/// Names of the chronic diseases in the seed.
const DISEASES: [(&str, &str); 6] = [
    ("M03900", "高血压"),
    ("M01600", "糖尿病"),
    ("M04600", "冠心病"),
    ("M05300", "慢性阻塞性肺疾病"),
    ("QHD-L0501", "甲状腺功能亢进"),
    ("QHD-L0502", "甲状腺功能减退"),
];

/// The institution without its agreement, which comes by notice as it does in life.
pub fn institution(row: &InstitutionRow) -> pb::Institution {
    let kind = match row.kind.as_str() {
        "hospital" => pb::InstitutionKind::Hospital,
        "community" => pb::InstitutionKind::Community,
        _ => pb::InstitutionKind::Pharmacy,
    };
    pb::Institution {
        fixmedins_code: row.code.clone(),
        fixmedins_name: row.name.clone(),
        kind: kind.into(),
        level: row.level.clone(),
        admdvs: row.district.clone(),
        region: row.region().to_owned(),
        chain: row.chain.clone(),
        capabilities: row.capabilities.clone(),
        location: Some(GeoPoint { lat_e6: row.lat_e6, lng_e6: row.lng_e6 }),
        address: row.address.clone(),
        ..Default::default()
    }
}

/// One notice for each date and change, by date.
pub fn notices(seed: &Seed) -> Vec<pb::ImportAgreementNoticeRequest> {
    let mut by_date: BTreeMap<(&str, &str), Vec<pb::AgreementChange>> = BTreeMap::new();
    for own in &seed.institutions {
        for (date, change) in &own.timeline {
            by_date.entry((date, change)).or_default().push(pb::AgreementChange {
                fixmedins_code: own.code.clone(),
                effective_date: date.clone(),
                change: change.clone(),
            });
        }
    }
    let notice = |((date, change), rows)| pb::ImportAgreementNoticeRequest {
        notice: format!("示例公告 {date} {change}"),
        rows,
    };
    by_date.into_iter().map(notice).collect()
}

/// The practitioner with the development key of their code.
pub fn signer(row: &PractitionerRow) -> Result<pb::Practitioner> {
    let kind = match row.kind.as_str() {
        "doctor" => pb::PractitionerKind::Doctor,
        "hospital_pharmacist" => pb::PractitionerKind::HospitalPharmacist,
        "retail_pharmacist" => pb::PractitionerKind::RetailPharmacist,
        _ => pb::PractitionerKind::Courier,
    };
    Ok(pb::Practitioner {
        practitioner_code: row.code.clone(),
        kind: kind.into(),
        name: row.name.clone(),
        fixmedins_code: row.institution.clone(),
        title_code: row.title_code.clone(),
        dept: row.department.clone(),
        signing_key: practitioner(&row.code)?.public_key(),
        active: row.may_sign(),
        practice_from: row.practice_from.map(date_text).unwrap_or_default(),
        certificates: Vec::new(),
        certificate_needed: false,
    })
}

/// The certificate of the demo authority for the same key.
pub fn certificate(row: &PractitionerRow) -> Result<pb::RegisterCertificateRequest> {
    let point = STANDARD.decode(practitioner(&row.code)?.public_key())?;
    Ok(pb::RegisterCertificateRequest {
        practitioner_code: row.code.clone(),
        certificate: STANDARD.encode(liufang_identity::demo::certificate(&row.code, &point)),
        chain: Vec::new(),
    })
}

/// The person with insurance and chronic rows.
pub fn person(row: &PersonRow) -> Result<pb::PersonRow> {
    let insurances = row.insurances.iter().map(|cells| insurance(cells));
    Ok(pb::PersonRow {
        psn_name: row.name.clone(),
        psn_cert_type: row.cert_type.clone(),
        certno: row.certno.clone(),
        gend: row.gender.clone(),
        brdy: row.birth_date.clone(),
        phone: row.phone.clone(),
        insurances: insurances.collect::<Result<_>>().with_context(|| format!("person {}", row.row))?,
        chronic: row.chronic.iter().map(|(code, from)| chronic(code, from)).collect(),
        allergies: Vec::new(),
    })
}

fn insurance(cells: &[String]) -> Result<pb::Insurance> {
    let cell = |index: usize| cells.get(index).cloned();
    let state = cell(3).and_then(|state| state.parse().ok()).context("insurance without state")?;
    Ok(pb::Insurance {
        insutype: cell(0).unwrap_or_default(),
        psn_type: cell(1).unwrap_or_default(),
        insuplc_admdvs: cell(2).unwrap_or_default(),
        state,
        begin_date: cell(4).context("insurance without first day")?,
        end_date: cell(5).unwrap_or_default(),
    })
}

fn chronic(code: &str, from: &str) -> pb::ChronicRegistration {
    let name = DISEASES.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name);
    pb::ChronicRegistration {
        dise_codg: code.to_owned(),
        dise_name: name.to_owned(),
        begin_date: from.to_owned(),
        end_date: String::new(),
    }
}

/// The relation of two people of the seed.
pub fn guardian(seed: &Seed, row: &GuardianRow) -> Result<pb::GuardianRow> {
    let (guardian, child) = (seed.person(row.guardian)?, seed.person(row.child)?);
    let relation = match row.relation.as_str() {
        "parent" => pb::GuardianRelation::Parent,
        "grandparent" => pb::GuardianRelation::Grandparent,
        "sibling" => pb::GuardianRelation::Sibling,
        _ => pb::GuardianRelation::Designated,
    };
    Ok(pb::GuardianRow {
        guardian_cert_type: guardian.cert_type.clone(),
        guardian_certno: guardian.certno.clone(),
        child_cert_type: child.cert_type.clone(),
        child_certno: child.certno.clone(),
        relation: relation.into(),
        begin_date: row.begin.clone(),
        end_date: String::new(),
    })
}

/// The opening balance; `None` for empty accounts and for people whose account is kept elsewhere.
pub fn credit(row: &PersonRow, person_id: &str) -> Option<CreditRow> {
    let region = row.region().filter(|_| row.balance_fen > 0)?;
    Some(CreditRow {
        row_key: format!("seed-opening-{}", row.row),
        person_id: person_id.to_owned(),
        amount_fen: row.balance_fen,
        region: region.to_owned(),
        kind: "opening".to_owned(),
    })
}
