//! Exact fractions of a fen, so that nothing is rounded between tiers.

use liufang_kernel::{Fen, Ratio};

/// `num / den` fen, reduced, `den > 0`. Amounts stay below 10¹³ fen and packs have few tiers, so `i128` is wide enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    num: i128,
    den: i128,
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.abs().max(1)
}

impl Exact {
    pub const ZERO: Exact = Exact { num: 0, den: 1 };

    fn new(num: i128, den: i128) -> Exact {
        let shared = gcd(num, den);
        Exact { num: num / shared, den: den / shared }
    }

    pub fn fen(amount: Fen) -> Exact {
        Exact { num: i128::from(amount.0), den: 1 }
    }

    pub fn times(self, ratio: Ratio) -> Exact {
        Exact::new(self.num * i128::from(ratio.millionths()), self.den * 1_000_000)
    }

    /// `self / ratio`; the caller has excluded a ratio of zero.
    pub fn over(self, ratio: Ratio) -> Exact {
        Exact::new(self.num * 1_000_000, self.den * i128::from(ratio.millionths()))
    }

    pub fn plus(self, other: Exact) -> Exact {
        Exact::new(self.num * other.den + other.num * self.den, self.den * other.den)
    }

    pub fn minus(self, other: Exact) -> Exact {
        Exact::new(self.num * other.den - other.num * self.den, self.den * other.den)
    }

    pub fn is_positive(self) -> bool {
        self.num > 0
    }

    pub fn at_most(self, other: Exact) -> bool {
        self.num * other.den <= other.num * self.den
    }

    /// Half up to the fen; for amounts that are not negative.
    pub fn round(self) -> Fen {
        Fen(i64::try_from((self.num * 2 + self.den).div_euclid(self.den * 2)).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(text: &str) -> Ratio {
        text.parse().unwrap()
    }

    #[test]
    fn fractions_are_exact_until_they_are_rounded() {
        let ten = Exact::fen(Fen(10));
        let part = ten.times(ratio("0.85"));
        assert_eq!(part, Exact { num: 17, den: 2 }, "reduced");
        assert_eq!((part.over(ratio("0.85")), part.round()), (ten, Fen(9)));
        let third = Exact { num: 1, den: 3 };
        assert_eq!(part.plus(third), Exact { num: 53, den: 6 });
        assert_eq!(part.minus(third), Exact { num: 49, den: 6 });
        assert_eq!(part.minus(part), Exact::ZERO);
        assert_eq!((third.round(), third.plus(third).round(), Exact::ZERO.round()), (Fen(0), Fen(1), Fen(0)));
    }

    #[test]
    fn what_is_less_is_less() {
        let (half, third) = (Exact { num: 1, den: 2 }, Exact { num: 1, den: 3 });
        assert!(third.at_most(half) && half.at_most(half) && !half.at_most(third));
        let (six, seven) = (Exact { num: 6, den: 5 }, Exact { num: 7, den: 3 });
        assert!(six.at_most(seven) && !seven.at_most(six));
        assert!(third.is_positive() && !Exact::ZERO.is_positive() && !third.minus(half).is_positive());
    }

    #[test]
    fn divisors() {
        assert_eq!((gcd(12, 18), gcd(-12, 18), gcd(7, 0), gcd(0, 7), gcd(0, 0)), (6, 6, 7, 7, 1));
    }
}
