//! Doses and strengths in exact micrograms, where they can be read.

use liufang_kernel::Quantity;

/// A mass in nanograms × 10⁻¹ … kept as ten-thousandths of a microgram, so `N16,4` of any unit fits exactly.
pub type MassE4 = i128;

/// The factor of a mass unit to micrograms.
fn micrograms(unit: &str) -> Option<i128> {
    match unit.trim().to_ascii_lowercase().as_str() {
        "g" | "克" => Some(1_000_000),
        "mg" | "毫克" => Some(1_000),
        "μg" | "µg" | "ug" | "mcg" | "微克" => Some(1),
        _ => None,
    }
}

/// `quantity` of a mass unit; `None` when the unit is not a mass.
pub fn mass(quantity: Quantity, unit: &str) -> Option<MassE4> {
    Some(i128::from(quantity.0) * micrograms(unit)?)
}

/// A plain strength such as `5mg`, `0.5g` or `50μg`. Compound ones (`150mg/12.5mg`, `3ml:300单位`) have none.
pub fn strength(text: &str) -> Option<MassE4> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    mass(number.parse().ok()?, unit).filter(|mass| *mass > 0)
}

/// A dose in preparation units (tablets), ten-thousandths, rounded up so that supply is never judged too long by a
/// fraction. `None` when the unit is neither the preparation's nor a mass of a plain strength.
pub fn dose_in_units(dose: Quantity, unit: &str, strength_text: &str) -> Option<i64> {
    if is_preparation_unit(unit) {
        return Some(dose.0);
    }
    let (dose, strength) = (mass(dose, unit)?, strength(strength_text)?);
    i64::try_from((dose * 10_000 + strength - 1) / strength).ok()
}

/// 片, 粒, … : what a pack is counted in.
pub fn is_preparation_unit(unit: &str) -> bool {
    matches!(unit.trim(), "片" | "粒" | "袋" | "丸" | "支" | "瓶" | "贴" | "枚" | "喷" | "滴" | "颗")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plain_strengths_only() {
        assert_eq!(strength("5mg"), Some(5_000 * 10_000));
        assert_eq!(strength("0.5g"), Some(500_000 * 10_000));
        assert_eq!(strength("50μg"), Some(50 * 10_000));
        for none in ["150mg/12.5mg", "3ml:300单位", "复方", "浓缩", "", "mg", "0mg", "10g(20%,50ml)"] {
            assert_eq!(strength(none), None, "{none}");
        }
    }

    #[test]
    fn doses_become_tablets() {
        let dose =
            |text: &str, unit: &str, strength: &str| dose_in_units(text.parse().unwrap(), unit, strength);
        assert_eq!(dose("10", "mg", "5mg"), Some(20_000));
        assert_eq!(dose("2.5", "mg", "5mg"), Some(5_000));
        assert_eq!(dose("0.5", "g", "500mg"), Some(10_000));
        assert_eq!(dose("1", "片", "复方"), Some(10_000));
        assert_eq!(dose("10", "单位", "3ml:300单位"), None);
    }
}
