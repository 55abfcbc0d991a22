//! Straight-line distance between two points of the map.
//!
//! The one place of this service with binary floats: a distance orders and filters pharmacies and is never money or
//! quantity, and half a metre of error at city scale is far below the width of a street.
#![allow(clippy::float_arithmetic, clippy::cast_possible_truncation)]

use serde::{Deserialize, Serialize};

/// Mean radius of the Earth, metres.
const EARTH_M: f64 = 6_371_008.8;

/// A point in millionths of a degree (GCJ-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    pub lat_e6: i32,
    pub lng_e6: i32,
}

impl Point {
    /// Reads a point; `None` outside the globe.
    pub fn new(lat_e6: i32, lng_e6: i32) -> Option<Point> {
        let inside =
            (-90_000_000..=90_000_000).contains(&lat_e6) && (-180_000_000..=180_000_000).contains(&lng_e6);
        inside.then_some(Point { lat_e6, lng_e6 })
    }

    /// Metres to `other` along the great circle (haversine), rounded.
    pub fn distance_m(self, other: Point) -> i64 {
        let radians = |e6: i32| (f64::from(e6) / 1e6).to_radians();
        let (lat_a, lat_b) = (radians(self.lat_e6), radians(other.lat_e6));
        let half_lat = ((lat_b - lat_a) / 2.0).sin();
        let half_lng = ((radians(other.lng_e6) - radians(self.lng_e6)) / 2.0).sin();
        let chord = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lng * half_lng;
        (2.0 * EARTH_M * chord.sqrt().min(1.0).asin()).round() as i64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_distances() {
        let square = Point::new(39_908_722, 116_397_499).unwrap();
        assert_eq!(square.distance_m(square), 0);
        let north = Point::new(39_918_722, 116_397_499).unwrap();
        assert_eq!(square.distance_m(north), 1112, "a hundredth of a degree of latitude");
        assert_eq!(Point::new(91_000_000, 0), None);
    }

    proptest! {
        #[test]
        fn distance_is_symmetric(a in (-90_000_000..=90_000_000_i32, -180_000_000..=180_000_000_i32),
                                 b in (-90_000_000..=90_000_000_i32, -180_000_000..=180_000_000_i32)) {
            let (a, b) = (Point::new(a.0, a.1).unwrap(), Point::new(b.0, b.1).unwrap());
            prop_assert_eq!(a.distance_m(b), b.distance_m(a));
            prop_assert!((0..=20_015_115).contains(&a.distance_m(b)));
        }
    }
}
