//! Money in fen (分), unit prices with six decimals of a yuan, and exact ratios.
//!
//! Amounts are `N16,2` and unit prices `N16,6` in the national specification (`domain.md` §0.1). Rounding happens in
//! exactly one place, [`Ratio::of`] and [`UnitPrice::times`]: **half up, once per result** (`domain.md` §3.4).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::Quantity;

/// An amount of money in fen (1 yuan = 100 fen). Negative amounts appear on reversals only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(pub i64);

/// What went wrong when text was read as an exact number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    #[error("not a decimal number")]
    Syntax,
    #[error("more than {0} decimal places")]
    TooPrecise(u32),
    #[error("out of range")]
    Range,
}

/// Reads `text` as a decimal with at most `places` decimals and returns it scaled to an integer.
pub(crate) fn scaled(text: &str, places: u32) -> Result<i64, NumberError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if !plain || !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.ends_with('.') {
        return Err(NumberError::Syntax);
    }
    let value = Decimal::from_str_exact(text).map_err(|_| NumberError::Syntax)?.normalize();
    if value.scale() > places {
        return Err(NumberError::TooPrecise(places));
    }
    let factor = Decimal::from(10_i64.pow(places));
    let whole = value.checked_mul(factor).ok_or(NumberError::Range)?;
    i64::try_from(whole).map_err(|_| NumberError::Range)
}

/// Writes an integer that stands for `value / 10^places` without trailing zeros.
pub(crate) fn unscaled(value: i64, places: u32) -> String {
    Decimal::from_i128_with_scale(i128::from(value), places).normalize().to_string()
}

impl Fen {
    pub const ZERO: Fen = Fen(0);

    /// Reads yuan text such as `12`, `12.5` or `12.50`; more than two decimals are refused, never rounded
    /// (`domain.md` §2.1).
    pub fn from_yuan(text: &str) -> Result<Fen, NumberError> {
        scaled(text, 2).map(Fen)
    }

    /// Yuan text with exactly two decimals, as the national interfaces write it.
    pub fn to_yuan(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let abs = self.0.unsigned_abs();
        format!("{sign}{}.{:02}", abs / 100, abs % 100)
    }

    /// Sum that fails instead of wrapping.
    pub fn checked_add(self, other: Fen) -> Option<Fen> {
        self.0.checked_add(other.0).map(Fen)
    }

    /// Difference that fails instead of wrapping.
    pub fn checked_sub(self, other: Fen) -> Option<Fen> {
        self.0.checked_sub(other.0).map(Fen)
    }

    /// `self`, or zero when `self` is negative.
    pub fn or_zero(self) -> Fen {
        self.max(Fen::ZERO)
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

// Amounts are bounded far below i64 (N16,2 is at most 10^16 fen) and parsing refuses more, so plain sums cannot wrap;
// overflow checks stay on in debug builds to prove it in tests.
impl Add for Fen {
    type Output = Fen;
    fn add(self, other: Fen) -> Fen {
        Fen(self.0 + other.0)
    }
}
impl Sub for Fen {
    type Output = Fen;
    fn sub(self, other: Fen) -> Fen {
        Fen(self.0 - other.0)
    }
}
impl Neg for Fen {
    type Output = Fen;
    fn neg(self) -> Fen {
        Fen(-self.0)
    }
}
impl AddAssign for Fen {
    fn add_assign(&mut self, other: Fen) {
        self.0 += other.0;
    }
}
impl SubAssign for Fen {
    fn sub_assign(&mut self, other: Fen) {
        self.0 -= other.0;
    }
}
impl Sum for Fen {
    fn sum<I: Iterator<Item = Fen>>(iter: I) -> Fen {
        iter.fold(Fen::ZERO, Add::add)
    }
}
impl<'a> Sum<&'a Fen> for Fen {
    fn sum<I: Iterator<Item = &'a Fen>>(iter: I) -> Fen {
        iter.copied().sum()
    }
}
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_yuan())
    }
}

/// A price per billing unit in millionths of a yuan (`N16,6`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitPrice(pub i64);

impl UnitPrice {
    /// `round₂(price × quantity)`, half up: identity I2 of `domain.md` §3.4.
    pub fn times(self, quantity: Quantity) -> Fen {
        // price is 10⁻⁶ yuan, quantity 10⁻⁴ units, so the product is 10⁻¹⁰ yuan = 10⁻⁸ fen
        let product = i128::from(self.0) * i128::from(quantity.0);
        Fen(half_up(product, 100_000_000))
    }

    /// The price of one unit when `units` of them are sold at this price; used to compare packs of different size.
    pub fn cmp_per_unit(self, own_units: u32, other: UnitPrice, other_units: u32) -> std::cmp::Ordering {
        let own = i128::from(self.0) * i128::from(other_units);
        own.cmp(&(i128::from(other.0) * i128::from(own_units)))
    }
}

impl FromStr for UnitPrice {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        scaled(text, 6).map(UnitPrice)
    }
}
impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unscaled(self.0, 6))
    }
}

/// An exact ratio between 0 and 1 in millionths, such as a fund share or a class 乙 first self-pay share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio(i64);

impl Ratio {
    pub const ZERO: Ratio = Ratio(0);
    pub const ONE: Ratio = Ratio(1_000_000);

    /// `amount × ratio`, half up to the fen. Call it once per result: rounding parts separately shifts a fen.
    pub fn of(self, amount: Fen) -> Fen {
        Fen(half_up(i128::from(amount.0) * i128::from(self.0), 1_000_000))
    }

    /// What is left of one.
    pub fn complement(self) -> Ratio {
        Ratio(Self::ONE.0 - self.0)
    }

    /// The ratio in millionths.
    pub fn millionths(self) -> i64 {
        self.0
    }
}

impl FromStr for Ratio {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let value = scaled(text, 6)?;
        if (0..=Self::ONE.0).contains(&value) { Ok(Ratio(value)) } else { Err(NumberError::Range) }
    }
}
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unscaled(self.0, 6))
    }
}
impl Serialize for Ratio {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| serde::de::Error::custom(format!("ratio `{text}`: {error}")))
    }
}

/// Divides and rounds half away from zero, so a reversal is the exact mirror of what it reverses.
fn half_up(numerator: i128, denominator: i128) -> i64 {
    let magnitude = (numerator.abs() * 2 + denominator) / (denominator * 2);
    i64::try_from(magnitude * numerator.signum()).unwrap_or(i64::MAX)
}

/// `value` rounded half up to a whole number of fen; for sums that were kept exact across several ratios.
pub fn round_fen(value: Decimal) -> Option<Fen> {
    let whole = value.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    i64::try_from(whole).ok().map(Fen)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn yuan_text_is_exact_or_refused() {
        assert_eq!(Fen::from_yuan("12.5"), Ok(Fen(1250)));
        assert_eq!(Fen::from_yuan("-0.01"), Ok(Fen(-1)));
        assert_eq!(Fen::from_yuan("1.005"), Err(NumberError::TooPrecise(2)));
        for bad in ["", ".", "1.", ".5", "1e3", "+1", "１", "1,000", "--1", "NaN"] {
            assert!(Fen::from_yuan(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(Fen::from_yuan("999999999999999999999"), Err(NumberError::Range));
    }

    #[test]
    fn sums_and_differences_are_what_they_are() {
        let (mut own, other) = (Fen(700), Fen(250));
        assert_eq!(
            (own - other, -own, own.or_zero(), Fen(-1).or_zero()),
            (Fen(450), Fen(-700), own, Fen::ZERO)
        );
        own += other;
        assert_eq!(own, Fen(950));
        own -= Fen(50);
        assert_eq!(own, Fen(900));
        assert_eq!([own, other].iter().sum::<Fen>(), Fen(1_150));
        assert_eq!([own, other].into_iter().sum::<Fen>(), Fen(1_150));
        assert_eq!((own.checked_add(other), own.checked_sub(other)), (Some(Fen(1_150)), Some(Fen(650))));
        assert_eq!((Fen(i64::MAX).checked_add(Fen(1)), Fen(i64::MIN).checked_sub(Fen(1))), (None, None));
        assert!(Fen::ZERO.is_zero() && !Fen(1).is_zero() && !Fen(-1).is_zero());
    }

    #[test]
    fn numbers_are_told_as_they_are_read() {
        assert_eq!((Fen(0).to_string(), Fen(-5).to_string()), ("0.00".to_owned(), "-0.05".to_owned()));
        assert_eq!(UnitPrice(1_500_000).to_string(), "1.5");
        let ratio: Ratio = "0.85".parse().unwrap();
        assert_eq!((ratio.millionths(), ratio.to_string()), (850_000, "0.85".to_owned()));
        assert_eq!(serde_json::from_str::<Ratio>("\"0.85\"").unwrap(), ratio);
        assert!(serde_json::from_str::<Ratio>("\"1.1\"").is_err() && "-0.1".parse::<Ratio>().is_err());
    }

    #[test]
    fn what_was_kept_exact_is_rounded_at_the_end() {
        for (exact, fen) in [("2.5", 3), ("-2.5", -3), ("2.49", 2), ("0.5", 1), ("0", 0)] {
            assert_eq!(round_fen(exact.parse().unwrap()), Some(Fen(fen)), "{exact}");
        }
        assert_eq!(round_fen(Decimal::MAX), None);
        for (numerator, rounded) in [(0, 0), (5, 1), (4, 0), (15, 2), (14, 1), (-5, -1), (-4, 0)] {
            assert_eq!(half_up(numerator, 10), rounded, "{numerator} tenths");
        }
        assert_eq!(half_up(3, 4), 1, "three quarters");
    }

    #[test]
    fn rounds_half_up_once() {
        let price: UnitPrice = "0.333333".parse().unwrap();
        assert_eq!(price.times("3".parse().unwrap()), Fen(100));
        assert_eq!(UnitPrice(5_000).times("1".parse().unwrap()), Fen(1), "half a fen goes up");
        let ratio: Ratio = "0.85".parse().unwrap();
        assert_eq!(ratio.of(Fen(10)), Fen(9));
        assert_eq!(ratio.of(Fen(-10)), Fen(-9), "a reversal mirrors");
    }

    #[test]
    fn compares_packs_per_unit() {
        let seven: UnitPrice = "14".parse().unwrap();
        let twenty_eight: UnitPrice = "50".parse().unwrap();
        assert!(twenty_eight.cmp_per_unit(28, seven, 7).is_lt());
        assert!(seven.cmp_per_unit(7, twenty_eight, 28).is_gt());
        let same: UnitPrice = "56".parse().unwrap();
        assert!(same.cmp_per_unit(28, seven, 7).is_eq());
    }

    proptest! {
        #[test]
        fn yuan_round_trips(fen in -1_000_000_000_000_i64..1_000_000_000_000) {
            prop_assert_eq!(Fen::from_yuan(&Fen(fen).to_yuan()), Ok(Fen(fen)));
        }

        #[test]
        fn a_share_and_its_rest_miss_at_most_one_fen(fen in 0_i64..10_000_000_000, millionths in 0_i64..=1_000_000) {
            let ratio = Ratio(millionths);
            let parts = ratio.of(Fen(fen)) + ratio.complement().of(Fen(fen));
            prop_assert!((parts.0 - fen).abs() <= 1);
        }
    }
}
