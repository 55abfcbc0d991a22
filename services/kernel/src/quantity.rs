//! Quantities with four decimals (`N16,4`): packs, tablets, doses.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::{NumberError, scaled, unscaled};

/// A count of billing units in ten-thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(pub i64);

impl Quantity {
    pub const ZERO: Quantity = Quantity(0);

    /// `count` whole units.
    pub const fn whole(count: i64) -> Quantity {
        Quantity(count * 10_000)
    }

    /// The number of whole units, or `None` when there is a fraction.
    pub fn as_whole(self) -> Option<i64> {
        (self.0 % 10_000 == 0).then_some(self.0 / 10_000)
    }

    /// The number of units that are begun, as days of a supply are counted: a begun day is a day.
    pub fn begun(self) -> i64 {
        let rest = i64::from(self.0 % 10_000 > 0);
        self.0 / 10_000 + rest
    }

    pub fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl Add for Quantity {
    type Output = Quantity;
    fn add(self, other: Quantity) -> Quantity {
        Quantity(self.0 + other.0)
    }
}
impl Sub for Quantity {
    type Output = Quantity;
    fn sub(self, other: Quantity) -> Quantity {
        Quantity(self.0 - other.0)
    }
}
impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Quantity) {
        self.0 += other.0;
    }
}
impl SubAssign for Quantity {
    fn sub_assign(&mut self, other: Quantity) {
        self.0 -= other.0;
    }
}
impl Sum for Quantity {
    fn sum<I: Iterator<Item = Quantity>>(iter: I) -> Quantity {
        iter.fold(Quantity::ZERO, Add::add)
    }
}
impl FromStr for Quantity {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        scaled(text, 4).map(Quantity)
    }
}
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unscaled(self.0, 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_without_trailing_zeros() {
        for (text, value) in [("2", 20_000), ("0.5", 5_000), ("12.0001", 120_001)] {
            let quantity: Quantity = text.parse().unwrap();
            assert_eq!(quantity, Quantity(value));
            assert_eq!(quantity.to_string(), text);
        }
        assert_eq!("0.00001".parse::<Quantity>(), Err(NumberError::TooPrecise(4)));
    }

    #[test]
    fn whole_units_only_when_there_is_no_fraction() {
        assert_eq!(Quantity::whole(3).as_whole(), Some(3));
        assert_eq!(Quantity(1).as_whole(), None);
    }

    #[test]
    fn a_begun_unit_counts_as_one() {
        for (text, begun) in [("0", 0), ("0.0001", 1), ("27", 27), ("27.5", 28), ("28", 28), ("-0.5", 0)] {
            assert_eq!(text.parse::<Quantity>().unwrap().begun(), begun, "{text}");
        }
    }
}
