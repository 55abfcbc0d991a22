//! Straight-line distances on the map, in whole metres, without floats.

use serde::{Deserialize, Serialize};

/// A point in millionths of a degree (GCJ-02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Point {
    pub lat_e6: i32,
    pub lng_e6: i32,
}

/// A thousandth of a metre per millionth of a degree along a meridian (mean earth radius).
const MILLIMETRES_PER_E6: i128 = 111;
/// The rest of that figure: 111.195 mm.
const MICROMETRES_REST: i128 = 195;
/// Fixed-point scale of the cosine.
const SCALE: i128 = 1_000_000_000;
/// Pi over 180 million, times `SCALE * SCALE / 1e9`: radians per millionth of a degree, scaled by 1e18.
const RADIANS_E18_PER_E6: i128 = 17_453_292_520;

impl Point {
    /// Whether it is a point on the earth.
    pub fn is_valid(self) -> bool {
        (-90_000_000..=90_000_000).contains(&self.lat_e6)
            && (-180_000_000..=180_000_000).contains(&self.lng_e6)
    }

    /// Distance in metres, good to about 0.1 % within a city.
    pub fn distance_m(self, other: Point) -> i64 {
        let north = i128::from(self.lat_e6) - i128::from(other.lat_e6);
        let east = i128::from(self.lng_e6) - i128::from(other.lng_e6);
        let middle = (i128::from(self.lat_e6) + i128::from(other.lat_e6)) / 2;
        let east = east * cosine(middle) / SCALE;
        let squares = u128::try_from(north * north + east * east).unwrap_or(u128::MAX);
        let e6 = i128::try_from(squares.isqrt()).unwrap_or(i128::MAX);
        let micrometres = e6.saturating_mul(MILLIMETRES_PER_E6 * 1000 + MICROMETRES_REST);
        i64::try_from(micrometres / 1_000_000).unwrap_or(i64::MAX)
    }
}

/// Cosine of an angle in millionths of a degree between -90 and 90 degrees, scaled by [`SCALE`].
fn cosine(angle_e6: i128) -> i128 {
    let x = angle_e6.abs().min(90_000_000) * RADIANS_E18_PER_E6 / SCALE;
    let square = x * x / SCALE;
    // 1 - x²/2! + x⁴/4! - …, from the inside out
    let mut sum = SCALE;
    for (a, b) in [(9, 10), (7, 8), (5, 6), (3, 4), (1, 2)] {
        sum = SCALE - square * sum / SCALE / (a * b);
    }
    sum.clamp(0, SCALE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QINHUANGDAO: Point = Point { lat_e6: 39_935_000, lng_e6: 119_600_000 };

    #[test]
    fn known_distances() {
        let north = Point { lat_e6: 39_945_000, ..QINHUANGDAO };
        assert_eq!(QINHUANGDAO.distance_m(north), 1111);
        let east = Point { lng_e6: 119_610_000, ..QINHUANGDAO };
        assert!((850..=855).contains(&QINHUANGDAO.distance_m(east)));
        let beijing = Point { lat_e6: 39_904_000, lng_e6: 116_407_000 };
        assert!((271_500..=273_500).contains(&QINHUANGDAO.distance_m(beijing)));
    }

    #[test]
    fn cosines_of_round_angles() {
        assert_eq!(cosine(0), SCALE);
        assert!((cosine(60_000_000) - SCALE / 2).abs() < 1000);
        assert!(cosine(90_000_000) < 1000);
    }

    fn point() -> impl Strategy<Value = Point> {
        (-90_000_000..=90_000_000_i32, -180_000_000..=180_000_000_i32)
            .prop_map(|(lat_e6, lng_e6)| Point { lat_e6, lng_e6 })
    }

    proptest! {
        #[test]
        fn symmetric_and_never_negative(a in point(), b in point()) {
            prop_assert_eq!(a.distance_m(b), b.distance_m(a));
            prop_assert!(a.distance_m(b) >= 0);
            prop_assert_eq!(a.distance_m(a), 0);
        }
    }
}
