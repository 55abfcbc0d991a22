//! Doctors, pharmacists and couriers: code shapes (`domain.md` §6.2) and the text they sign to get a token.

use liufang_kernel::{Date, Timestamp};

use super::coded::coded;

/// A signed request may be this far from our clock, either way.
pub const CLOCK_SECONDS: i64 = 2 * 60;

coded! {
    /// Kinds of practitioner.
    pub enum PractitionerKind {
        /// 医保医师.
        Doctor = 1,
        HospitalPharmacist = 2,
        RetailPharmacist = 3,
        Courier = 4,
    }
}

/// A doctor, pharmacist or courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practitioner {
    pub code: String,
    pub kind: PractitionerKind,
    pub name: String,
    /// Institution; empty for couriers.
    pub fixmedins_code: String,
    pub title_code: String,
    pub dept: String,
    /// SM2 public key, Base64 of 65 bytes.
    pub signing_key: String,
    pub active: bool,
    /// First registration to practise 首次执业注册; `None` when it is not known.
    pub practice_from: Option<Date>,
}

impl PractitionerKind {
    /// Whether `code` has the shape of this kind; codes of retail pharmacists and couriers are opaque.
    pub fn fits(self, code: &str) -> bool {
        let digits = |prefix: &str| {
            code.strip_prefix(prefix)
                .is_some_and(|rest| rest.len() == 12 && rest.bytes().all(|b| b.is_ascii_digit()))
        };
        match self {
            PractitionerKind::Doctor => digits("D"),
            PractitionerKind::HospitalPharmacist => digits("HY") || digits("HJ"),
            PractitionerKind::RetailPharmacist | PractitionerKind::Courier => {
                (1..=50).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic())
            }
        }
    }
}

/// The text a practitioner signs.
pub fn signed_text(code: &str, issued_at_us: i64, nonce: &str) -> String {
    format!("liufang-practitioner\n{code}\n{issued_at_us}\n{nonce}")
}

/// Whether the stated time is close enough to ours.
pub fn is_fresh(issued_at_us: i64, now: Timestamp) -> bool {
    now.0.abs_diff(issued_at_us) <= CLOCK_SECONDS.unsigned_abs() * 1_000_000
}

/// 16 to 64 visible ASCII characters.
pub fn is_nonce(text: &str) -> bool {
    (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_by_kind() {
        assert!(PractitionerKind::Doctor.fits("D130302000001"));
        assert!(!PractitionerKind::Doctor.fits("HY130302000001"));
        assert!(PractitionerKind::HospitalPharmacist.fits("HY130302000001"));
        assert!(PractitionerKind::HospitalPharmacist.fits("HJ130302000001"));
        assert!(!PractitionerKind::HospitalPharmacist.fits("HY13030200001"));
        assert!(PractitionerKind::RetailPharmacist.fits("YS-0001"));
        assert!(!PractitionerKind::Courier.fits(""));
    }

    #[test]
    fn two_minutes_either_way() {
        let now = Timestamp(1_700_000_000_000_000);
        assert!(is_fresh(now.plus_seconds(-120).0, now) && is_fresh(now.plus_seconds(120).0, now));
        assert!(!is_fresh(now.plus_seconds(121).0, now) && !is_fresh(i64::MIN, now));
    }
}
