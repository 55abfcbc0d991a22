//! Cold chain: 2–8 °C on the way, logged at hand-over and between (GSP; `domain.md` §8).

/// Lowest temperature in range, tenths of a degree Celsius.
pub const LOWEST: i32 = 20;
/// Highest temperature in range, tenths of a degree Celsius.
pub const HIGHEST: i32 = 80;
/// What a box's sensor can measure at all.
pub const MEASURABLE: std::ops::RangeInclusive<i32> = -600..=1000;

/// Whether goods are safe at this temperature.
pub fn in_range(tenths_celsius: i32) -> bool {
    (LOWEST..=HIGHEST).contains(&tenths_celsius)
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_ends_are_safe() {
        for (tenths, safe) in [(19, false), (20, true), (45, true), (80, true), (81, false), (-5, false)] {
            assert_eq!(super::in_range(tenths), safe, "{tenths}");
        }
    }
}
