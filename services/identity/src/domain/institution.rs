//! Designated institutions: kinds, capabilities and code shapes (`domain.md` §6.2).

use liufang_kernel::codes::is_institution_code;

use super::agreement::Timeline;
use super::coded::coded;

coded! {
    /// Kinds of institution.
    pub enum InstitutionKind {
        Hospital = 1,
        /// A retail pharmacy, or a hospital's own one under the hospital's code.
        Pharmacy = 2,
        /// Community health centre.
        Community = 3,
    }
}

/// What an institution can do.
pub const CAPABILITIES: [&str; 6] =
    ["otc_online", "chronic_renewal", "mobile_payment", "own_app", "stock_link", "dual_channel"];

/// A designated institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Institution {
    pub code: String,
    pub name: String,
    pub kind: InstitutionKind,
    /// 1, 2, 3; empty for pharmacies.
    pub level: String,
    /// District, 6 digits.
    pub admdvs: String,
    /// Region pack.
    pub region: String,
    pub chain: String,
    pub capabilities: Vec<String>,
    /// Millionths of a degree.
    pub lat_e6: i32,
    pub lng_e6: i32,
    pub address: String,
    pub timeline: Timeline,
}

impl InstitutionKind {
    /// Whether an institution of this kind may have this code.
    pub fn fits(self, code: &str) -> bool {
        is_institution_code(code) && (self == InstitutionKind::Pharmacy || code.starts_with('H'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hospitals_have_hospital_codes() {
        assert!(InstitutionKind::Hospital.fits("H13030200001"));
        assert!(!InstitutionKind::Community.fits("P13030200001"));
        assert!(InstitutionKind::Pharmacy.fits("P13030200001"));
        assert!(InstitutionKind::Pharmacy.fits("H13030200001"), "a hospital's own pharmacy");
        assert!(!InstitutionKind::Pharmacy.fits("X13030200001"));
    }
}
