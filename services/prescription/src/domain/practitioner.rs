//! Who may write, review and sign.

use super::refusal::Refusal;

/// Kinds of practitioner that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Doctor,
    HospitalPharmacist,
    RetailPharmacist,
    Other,
}

/// A registered practitioner as the identity role knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Practitioner {
    /// `dr_code` or `phar_code`.
    pub code: String,
    pub kind: Kind,
    pub name: String,
    /// Institution the practitioner is registered at.
    pub institution: String,
    /// `drProfttlCodg` or `pharProfttlCodg`.
    pub title_code: String,
    pub department: String,
    /// SM2 public key, Base64 of `04 || x || y`.
    pub signing_key: String,
    pub active: bool,
}

/// Checks an insured doctor 医保医师 of `hospital` (`domain.md` §9.3).
///
/// # Errors
/// [`Refusal::DoctorNotInsured`] says which part does not hold.
pub fn check_doctor(doctor: &Practitioner, hospital: &str) -> Result<(), Refusal> {
    if doctor.kind != Kind::Doctor {
        return Err(Refusal::DoctorNotInsured("NOT_A_DOCTOR"));
    }
    if doctor.institution != hospital {
        return Err(Refusal::DoctorNotInsured("OTHER_HOSPITAL"));
    }
    if !doctor.active {
        return Err(Refusal::DoctorNotInsured("NOT_ACTIVE"));
    }
    Ok(())
}

/// Checks the pharmacist who reviews in the hospital before upload.
///
/// # Errors
/// [`Refusal::PractitionerNotAllowed`] says which part does not hold.
pub fn check_hospital_pharmacist(
    pharmacist: &Practitioner,
    hospital: &str,
    doctor_code: &str,
) -> Result<(), Refusal> {
    let right_kind = pharmacist.kind == Kind::HospitalPharmacist;
    check_reviewer(pharmacist, right_kind, hospital, &[doctor_code])
}

/// Checks the pharmacist who reviews in the pharmacy before sale. A hospital's own pharmacy works under the hospital's
/// code and its pharmacists are hospital pharmacists. Whoever wrote or reviewed the sheet before may not pass it again:
/// two pharmacists look at every prescription (`domain.md` §0.3).
///
/// # Errors
/// [`Refusal::PractitionerNotAllowed`] says which part does not hold.
pub fn check_pharmacy_pharmacist(
    pharmacist: &Practitioner,
    pharmacy: &str,
    doctor_code: &str,
    hospital_pharmacist_code: &str,
) -> Result<(), Refusal> {
    let in_hospital = pharmacy.starts_with('H');
    let right_kind = pharmacist.kind == Kind::RetailPharmacist
        || (in_hospital && pharmacist.kind == Kind::HospitalPharmacist);
    check_reviewer(pharmacist, right_kind, pharmacy, &[doctor_code, hospital_pharmacist_code])
}

fn check_reviewer(
    pharmacist: &Practitioner,
    right_kind: bool,
    institution: &str,
    earlier: &[&str],
) -> Result<(), Refusal> {
    let problem = if !right_kind {
        "NOT_A_PHARMACIST"
    } else if pharmacist.institution != institution {
        "OTHER_INSTITUTION"
    } else if !pharmacist.active {
        "NOT_ACTIVE"
    } else if earlier.contains(&pharmacist.code.as_str()) {
        "SAME_PERSON"
    } else {
        return Ok(());
    };
    Err(Refusal::PractitionerNotAllowed(problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn someone(code: &str, kind: Kind, institution: &str) -> Practitioner {
        Practitioner {
            code: code.to_owned(),
            kind,
            name: String::new(),
            institution: institution.to_owned(),
            title_code: String::new(),
            department: String::new(),
            signing_key: String::new(),
            active: true,
        }
    }

    #[test]
    fn doctors_are_active_and_of_the_hospital() {
        let doctor = someone("D1", Kind::Doctor, "H1");
        assert_eq!(check_doctor(&doctor, "H1"), Ok(()));
        assert_eq!(check_doctor(&doctor, "H2"), Err(Refusal::DoctorNotInsured("OTHER_HOSPITAL")));
        let resting = Practitioner { active: false, ..doctor };
        assert_eq!(check_doctor(&resting, "H1"), Err(Refusal::DoctorNotInsured("NOT_ACTIVE")));
    }

    #[test]
    fn four_eyes_see_a_prescription() {
        let refused = |why| Err(Refusal::PractitionerNotAllowed(why));
        let own = someone("HY1", Kind::HospitalPharmacist, "H1");
        assert_eq!(check_hospital_pharmacist(&own, "H1", "D1"), Ok(()));
        assert_eq!(check_hospital_pharmacist(&own, "H2", "D1"), refused("OTHER_INSTITUTION"));
        assert_eq!(check_pharmacy_pharmacist(&own, "H1", "D1", "HY1"), refused("SAME_PERSON"));
        assert_eq!(check_pharmacy_pharmacist(&own, "H1", "D1", "HY2"), Ok(()));
        assert_eq!(check_pharmacy_pharmacist(&own, "P1", "D1", "HY2"), refused("NOT_A_PHARMACIST"));
        let shop = someone("R1", Kind::RetailPharmacist, "P1");
        assert_eq!(check_pharmacy_pharmacist(&shop, "P1", "D1", "HY1"), Ok(()));
        assert_eq!(check_hospital_pharmacist(&shop, "P1", "D1"), refused("NOT_A_PHARMACIST"));
    }
}
