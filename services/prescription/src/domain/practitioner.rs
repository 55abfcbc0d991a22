//! Who may write, review and sign.

use liufang_kernel::idcard::full_years;
use liufang_kernel::{Date, Timestamp};

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
    /// SM2 public key, Base64 of `04 || x || y`; counts while there is no certificate.
    pub signing_key: String,
    pub active: bool,
    /// First registration to practise 首次执业注册; `None` when nobody said.
    pub practice_from: Option<Date>,
    /// The key above counts for nothing: only certificates vouch for keys.
    pub certificate_needed: bool,
    /// All that were ever registered.
    pub certificates: Vec<Certificate>,
}

/// A registered signing certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub key: String,
    pub not_before: Timestamp,
    /// Last moment.
    pub not_after: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// Revoked because the key was compromised: no signature of it is relied on, whenever it was made.
    pub compromised: bool,
    pub problem: Problem,
}

/// What the authorities above a certificate say of it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    None,
    /// One of them is outside its validity: nothing new is signed, what was signed before stays good.
    AuthorityExpired,
    /// Nobody who is trusted vouches for it, or revocations are not known where that refuses.
    Untrusted,
}

impl Certificate {
    /// Whether a signature made at `at` is good.
    pub fn holds(&self, at: Timestamp) -> bool {
        !self.revoked(at) && self.not_before <= at && at <= self.not_after && self.problem == Problem::None
    }

    /// Whether what it signed at `at` still counts.
    fn counts(&self, at: Timestamp) -> bool {
        !self.revoked(at) && self.problem != Problem::Untrusted
    }

    fn revoked(&self, at: Timestamp) -> bool {
        self.compromised || self.revoked_at.is_some_and(|revoked| revoked <= at)
    }
}

impl Practitioner {
    /// Whether `key` may sign at `at`: it has a certificate that holds, or is the registered key of somebody without any, where
    /// such a key counts.
    pub fn may_sign_with(&self, key: &str, at: Timestamp) -> bool {
        match self.certificates.is_empty() {
            true => key == self.signing_key && !self.certificate_needed,
            false => self.certificates.iter().any(|own| own.key == key && own.holds(at)),
        }
    }

    /// Whether what was issued at `at` and signed with `key` is still relied on. Validity was checked when it was signed, and
    /// a key that never had a certificate, where such a key counts, cannot be revoked: a revocation, of it or above it, may have
    /// come to be known since.
    pub fn relied_on(&self, key: &str, at: Timestamp) -> bool {
        let mut own = self.certificates.iter().filter(|own| own.key == key).peekable();
        match own.peek() {
            None => !self.certificate_needed,
            Some(_) => own.any(|own| own.counts(at)),
        }
    }

    /// The keys to try.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.certificates.iter().map(|own| own.key.as_str()).chain([self.signing_key.as_str()])
    }
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

/// Years of independent practice before a doctor may work online (互联网诊疗管理办法 art. 25; `domain.md` §8).
pub const YEARS_BEFORE_ONLINE: i32 = 3;

/// Checks that a doctor has practised long enough on `date` to work online. Nobody is believed to have without a date.
///
/// # Errors
/// [`Refusal::PracticeTooShort`] says whether the date is missing or too late.
pub fn check_practice(doctor: &Practitioner, date: Date) -> Result<(), Refusal> {
    match doctor.practice_from {
        None => Err(Refusal::PracticeTooShort("UNKNOWN")),
        Some(from) if full_years(from, date) < YEARS_BEFORE_ONLINE => {
            Err(Refusal::PracticeTooShort("LESS_THAN_THREE_YEARS"))
        }
        Some(_) => Ok(()),
    }
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
            signing_key: "raw".to_owned(),
            active: true,
            practice_from: None,
            certificate_needed: false,
            certificates: Vec::new(),
        }
    }

    #[test]
    fn where_certificates_are_needed_a_key_alone_neither_signs_nor_releases() {
        let at = Timestamp(1_700_000_000_000_000);
        let mut doctor = someone("D1", Kind::Doctor, "H1");
        assert!(doctor.may_sign_with("raw", at) && doctor.relied_on("raw", at));
        doctor.certificate_needed = true;
        assert!(!doctor.may_sign_with("raw", at) && !doctor.relied_on("raw", at));
    }

    #[test]
    fn only_keys_of_certificates_that_hold_sign() {
        let at = Timestamp(1_700_000_000_000_000);
        let own = Certificate {
            key: "k".to_owned(),
            not_before: at,
            not_after: at.plus_days(1),
            revoked_at: None,
            compromised: false,
            problem: Problem::None,
        };
        let mut doctor = someone("D1", Kind::Doctor, "H1");
        assert!(doctor.may_sign_with("raw", at) && !doctor.may_sign_with("k", at));
        doctor.certificates.push(own.clone());
        assert!(doctor.may_sign_with("k", at) && doctor.may_sign_with("k", own.not_after));
        assert!(!doctor.may_sign_with("raw", at), "the registered key is for those without a certificate");
        assert!(!doctor.may_sign_with("k", at.plus_days(2)), "expired");
        assert!(doctor.relied_on("k", at) && doctor.relied_on("raw", at), "raw never had a certificate");
        let revoked = Certificate { revoked_at: Some(at.plus_seconds(60)), ..own };
        doctor.certificates[0] = revoked.clone();
        assert!(doctor.relied_on("k", at), "signed before");
        assert!(!doctor.may_sign_with("k", at.plus_seconds(60)));
        doctor.certificates[0] = Certificate { compromised: true, ..revoked.clone() };
        assert!(!doctor.relied_on("k", at), "no signature of a stolen key is believed");
        let fine = Certificate { revoked_at: None, ..revoked };
        doctor.certificates[0] = Certificate { problem: Problem::AuthorityExpired, ..fine.clone() };
        assert!(
            doctor.relied_on("k", at) && !doctor.may_sign_with("k", at),
            "signed before its authority ended"
        );
        doctor.certificates[0] = Certificate { problem: Problem::Untrusted, ..fine };
        assert!(!doctor.relied_on("k", at) && !doctor.may_sign_with("k", at));
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

    #[test]
    fn three_full_years_before_a_doctor_works_online() {
        use time::macros::date;
        let doctor = someone("D1", Kind::Doctor, "H1");
        let from = |practice_from| Practitioner { practice_from: Some(practice_from), ..doctor.clone() };
        let today = date!(2026 - 11 - 22);
        assert_eq!(check_practice(&from(date!(2023 - 11 - 22)), today), Ok(()));
        let short = Err(Refusal::PracticeTooShort("LESS_THAN_THREE_YEARS"));
        assert_eq!(check_practice(&from(date!(2023 - 11 - 23)), today), short);
        assert_eq!(check_practice(&doctor, today), Err(Refusal::PracticeTooShort("UNKNOWN")));
    }
}
