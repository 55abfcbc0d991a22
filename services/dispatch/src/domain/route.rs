//! One courier's route: stops in order, its time and its lateness. Times are whole seconds from now.

use super::geo::Point;

/// A delivery as the planner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub delivery_id: String,
    pub from: Point,
    pub to: Point,
    /// Needs an insulated box.
    pub cold_chain: bool,
    /// Promised arrival, seconds from now; negative when late already.
    pub due_seconds: i64,
    /// Where it is today.
    pub place: Place,
}

impl Task {
    /// Whether somebody is to fetch it from the pharmacy.
    pub fn assigned(&self) -> bool {
        matches!(self.place, Place::Pharmacy { assigned_to: Some(_) })
    }

    /// Whether somebody else than `courier_code` is assigned today.
    pub fn assigned_elsewhere(&self, courier_code: &str) -> bool {
        matches!(&self.place, Place::Pharmacy { assigned_to: Some(code) } if code != courier_code)
    }
}

/// Where the goods are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the pharmacy; may be assigned already, and may still go to somebody else.
    Pharmacy { assigned_to: Option<String> },
    /// In this courier's box.
    OnBoard { courier: String },
}

/// A place to stop at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Task by its index.
    PickUp(usize),
    /// Task by its index.
    Drop(usize),
}

/// Metres a courier rides in a minute, streets and lights included.
const METRES_PER_MINUTE: i64 = 200;
/// Taking goods over at a pharmacy; further goods at the same counter cost nothing more.
const PICK_UP_SECONDS: i64 = 180;
/// Finding the door and checking the code.
const DROP_SECONDS: i64 = 150;
/// One second late weighs as much as this many seconds of riding.
const LATENESS_WEIGHT: i64 = 3;

/// Seconds to ride a straight-line distance.
pub fn ride_seconds(metres: i64) -> i64 {
    metres.saturating_mul(60) / METRES_PER_MINUTE
}

/// Cost of serving `stops` in order from `start`: riding and waiting time, and lateness weighted.
pub fn cost(start: Point, stops: impl IntoIterator<Item = Stop>, tasks: &[Task]) -> i64 {
    let (mut here, mut clock, mut late) = (start, 0_i64, 0_i64);
    let mut counter = None;
    for stop in stops {
        let (point, service) = match stop {
            Stop::PickUp(index) => (tasks[index].from, PICK_UP_SECONDS),
            Stop::Drop(index) => (tasks[index].to, DROP_SECONDS),
        };
        clock = clock.saturating_add(ride_seconds(here.distance_m(point)));
        let is_pick_up = matches!(stop, Stop::PickUp(_));
        if !(is_pick_up && counter == Some(point)) {
            clock = clock.saturating_add(service);
        }
        if let Stop::Drop(index) = stop {
            late = late.saturating_add(clock.saturating_sub(tasks[index].due_seconds).max(0));
        }
        counter = is_pick_up.then_some(point);
        here = point;
    }
    clock.saturating_add(late.saturating_mul(LATENESS_WEIGHT))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: Point = Point { lat_e6: 39_935_000, lng_e6: 119_600_000 };
    const DOOR: Point = Point { lat_e6: 39_944_000, lng_e6: 119_600_000 };

    fn task(due_seconds: i64) -> Task {
        Task {
            delivery_id: "d".into(),
            from: SHOP,
            to: DOOR,
            cold_chain: false,
            due_seconds,
            place: Place::Pharmacy { assigned_to: None },
        }
    }

    #[test]
    fn riding_and_handing_over_take_time() {
        let stops = [Stop::PickUp(0), Stop::Drop(0)];
        assert_eq!(cost(SHOP, stops, &[task(10_000)]), 180 + 300 + 150);
    }

    #[test]
    fn lateness_weighs_three_times() {
        let stops = [Stop::PickUp(0), Stop::Drop(0)];
        assert_eq!(cost(SHOP, stops, &[task(600)]), 630 + 90);
    }

    #[test]
    fn the_second_parcel_of_a_counter_is_free() {
        let tasks = [task(10_000), task(10_000)];
        let together = [Stop::PickUp(0), Stop::PickUp(1), Stop::Drop(0), Stop::Drop(1)];
        assert_eq!(cost(SHOP, together, &tasks), 180 + 300 + 150 + 150);
    }
}
