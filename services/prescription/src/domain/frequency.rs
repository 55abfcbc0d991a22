//! Frequencies of use `used_frqu_codg` as exact rationals (`domain.md` §6.7): qod is ½ a day, biw 2/7.

/// How often a dose is taken: `times` in `days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    pub times: u32,
    pub days: u32,
}

/// What a frequency code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    Regular(Frequency),
    /// At once, once, or when needed: no daily multiplier.
    Irregular,
}

const fn regular(times: u32, days: u32) -> Option<Usage> {
    Some(Usage::Regular(Frequency { times, days }))
}

/// Reads a frequency code; `None` for one that the national list does not have.
pub const fn usage(code: &[u8]) -> Option<Usage> {
    match code {
        b"11" | b"41" => regular(1, 1),
        b"12" => regular(2, 1),
        b"13" => regular(3, 1),
        b"14" => regular(4, 1),
        b"21" => regular(1, 7),
        b"22" => regular(2, 7),
        b"23" => regular(3, 7),
        b"24" => regular(1, 14),
        b"31" => regular(24, 1),
        b"32" => regular(12, 1),
        b"33" => regular(8, 1),
        b"34" => regular(6, 1),
        b"35" => regular(4, 1),
        b"36" => regular(3, 1),
        b"37" => regular(2, 1),
        b"42" => regular(1, 2),
        b"43" => regular(1, 5),
        b"44" => regular(1, 10),
        b"45" => regular(1, 3),
        b"61" | b"62" | b"63" => Some(Usage::Irregular),
        b"71" => regular(1, 30),
        b"72" => regular(2, 30),
        b"73" => regular(1, 90),
        b"74" => regular(1, 180),
        _ => None,
    }
}

impl Frequency {
    /// Whether `have` lasts longer than `days` when `dose` is taken each time, all in ten-thousandths.
    /// Exact: `have × D > dose × times × days`.
    pub fn lasts_longer(self, have_e4: i64, dose_e4: i64, days_e4: i64) -> bool {
        self.have_side(have_e4) > self.need_side(dose_e4, days_e4)
    }

    /// Whole packs of `pack_e4` that `days` of `dose` need, rounded up.
    pub fn packs_needed(self, dose_e4: i64, days_e4: i64, pack_e4: i64) -> i128 {
        let pack = self.have_side(pack_e4);
        if pack <= 0 {
            return 0;
        }
        let need = self.need_side(dose_e4, days_e4);
        (need + pack - 1) / pack
    }

    // both sides share the unit 10⁻⁸ unit-days
    fn have_side(self, have_e4: i64) -> i128 {
        i128::from(have_e4) * i128::from(self.days) * 10_000
    }

    fn need_side(self, dose_e4: i64, days_e4: i64) -> i128 {
        i128::from(dose_e4) * i128::from(self.times) * i128::from(days_e4)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frequency(code: &str) -> Frequency {
        match usage(code.as_bytes()) {
            Some(Usage::Regular(frequency)) => frequency,
            other => panic!("{code}: {other:?}"),
        }
    }

    #[test]
    fn packs_by_exact_arithmetic() {
        let whole = |n: i64| n * 10_000;
        assert_eq!(frequency("11").packs_needed(whole(1), whole(28), whole(7)), 4);
        assert_eq!(frequency("12").packs_needed(5_000, whole(28), whole(7)), 4, "half a tablet twice a day");
        assert_eq!(
            frequency("42").packs_needed(whole(1), whole(7), whole(1)),
            4,
            "every second day in a week: 3.5"
        );
        assert_eq!(frequency("22").packs_needed(whole(1), whole(28), whole(8)), 1);
        assert_eq!(frequency("23").packs_needed(whole(1), whole(28), whole(7)), 2);
        assert!(frequency("11").lasts_longer(whole(29), whole(1), whole(28)));
        assert!(!frequency("11").lasts_longer(whole(28), whole(1), whole(28)));
    }

    #[test]
    fn unknown_and_irregular_codes() {
        assert_eq!(usage(b"62"), Some(Usage::Irregular));
        assert_eq!(usage(b"99"), None);
        assert_eq!(usage(b""), None);
    }

    proptest! {
        #[test]
        fn the_packs_needed_last_long_enough_and_no_pack_is_spare(
            times in 1_u32..24, days in 1_u32..181, dose in 1_i64..1_000_000, course in 1_i64..1_000_000, pack in 1_i64..10_000_000,
        ) {
            let frequency = Frequency { times, days };
            let packs = i64::try_from(frequency.packs_needed(dose, course, pack)).unwrap();
            let enough = frequency.need_side(dose, course) <= frequency.have_side(pack) * i128::from(packs);
            prop_assert!(enough);
            let spare = frequency.need_side(dose, course) <= frequency.have_side(pack) * i128::from(packs - 1);
            prop_assert!(!spare);
        }
    }
}
