//! Parity with the hospital (`domain.md` §9.3): the pharmacy's product is the hospital's, and does not cost more.

use std::cmp::Ordering;

use liufang_kernel::UnitPrice;
use liufang_kernel::region::{Parity, PriceCeiling};

use super::basket::LineReason;
use super::drug::Drug;

/// What the region asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub parity: Parity,
    pub ceiling: PriceCeiling,
}

impl Policy {
    /// The strictest policy, used where a region says nothing.
    pub const STRICT: Policy = Policy { parity: Parity::Exact, ceiling: PriceCeiling::Hospital };
}

/// Why `offered` does not stand for `prescribed`, or `None` when it does.
///
/// Exact parity: same substance and form, same maker, same strength and pack. Generic parity: same substance, form and
/// strength. A different substance counts as another specification.
pub fn difference(prescribed: &Drug, offered: &Drug, parity: Parity) -> Option<LineReason> {
    let same_substance = prescribed.substance() == offered.substance()
        && same(&prescribed.dosage_form, &offered.dosage_form)
        && same(&prescribed.strength, &offered.strength);
    if !same_substance {
        return Some(LineReason::OtherSpecification);
    }
    if parity == Parity::Generic {
        return None;
    }
    if !same(&prescribed.maker, &offered.maker) {
        return Some(LineReason::OtherMaker);
    }
    let same_pack =
        prescribed.units_per_pack == offered.units_per_pack && same(&prescribed.pack, &offered.pack);
    (!same_pack).then_some(LineReason::OtherSpecification)
}

/// Whether the offered price is above the hospital's, compared per smallest unit so that packs of different size can
/// be set side by side; no rounding takes place.
pub fn is_above(hospital: UnitPrice, hospital_units: u32, offered: UnitPrice, offered_units: u32) -> bool {
    offered.cmp_per_unit(offered_units, hospital, hospital_units) == Ordering::Greater
}

/// Catalogue text is compared without blanks and letter case: `5 MG` is `5mg`.
fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
    };
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::drug::samples::*;
    use super::*;

    #[test]
    fn exact_parity_names_the_first_difference() {
        let prescribed = drug(AMLODIPINE, "甲厂", "5mg", 28);
        let check = |offered: Drug| difference(&prescribed, &offered, Parity::Exact);
        assert_eq!(check(drug(AMLODIPINE, "甲厂", "5 MG", 28)), None);
        assert_eq!(check(drug(AMLODIPINE, "乙厂", "5mg", 28)), Some(LineReason::OtherMaker));
        assert_eq!(check(drug(OTHER_PACK, "甲厂", "5mg", 14)), Some(LineReason::OtherSpecification));
        assert_eq!(check(drug(AMLODIPINE, "甲厂", "10mg", 28)), Some(LineReason::OtherSpecification));
        assert_eq!(check(drug(OTHER_DRUG, "甲厂", "5mg", 28)), Some(LineReason::OtherSpecification));
    }

    #[test]
    fn generic_parity_lets_maker_and_pack_differ() {
        let prescribed = drug(AMLODIPINE, "甲厂", "5mg", 28);
        let check = |offered: Drug| difference(&prescribed, &offered, Parity::Generic);
        assert_eq!(check(drug(OTHER_PACK, "乙厂", "5mg", 14)), None);
        assert_eq!(check(drug(OTHER_DRUG, "甲厂", "5mg", 28)), Some(LineReason::OtherSpecification));
    }

    #[test]
    fn prices_are_compared_per_unit() {
        let hospital: UnitPrice = "28".parse().unwrap();
        assert!(!is_above(hospital, 28, "14".parse().unwrap(), 14));
        assert!(is_above(hospital, 28, "14.000001".parse().unwrap(), 14));
    }

    fn any_drug() -> impl Strategy<Value = Drug> {
        let code = prop::sample::select(vec![AMLODIPINE, OTHER_PACK, OTHER_DRUG]);
        let maker = prop::sample::select(vec!["甲厂", "乙厂"]);
        let strength = prop::sample::select(vec!["5mg", "5 MG", "10mg"]);
        (code, maker, strength, prop::sample::select(vec![14_u32, 28]))
            .prop_map(|(code, maker, strength, units)| drug(code, maker, strength, units))
    }

    proptest! {
        #[test]
        fn parity_is_an_equivalence(a in any_drug(), b in any_drug(), c in any_drug(), generic: bool) {
            let parity = if generic { Parity::Generic } else { Parity::Exact };
            let equal = |x: &Drug, y: &Drug| difference(x, y, parity).is_none();
            prop_assert!(equal(&a, &a));
            prop_assert_eq!(equal(&a, &b), equal(&b, &a));
            if equal(&a, &b) && equal(&b, &c) {
                prop_assert!(equal(&a, &c));
            }
        }

        #[test]
        fn not_above_is_transitive(prices in prop::array::uniform3((1_i64..9_000_000, 1_u32..100))) {
            let [a, b, c] = prices;
            let fits = |x: (i64, u32), y: (i64, u32)| !is_above(UnitPrice(x.0), x.1, UnitPrice(y.0), y.1);
            if fits(a, b) && fits(b, c) {
                prop_assert!(fits(a, c));
            }
        }
    }
}
