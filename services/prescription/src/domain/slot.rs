//! Slots of doctors and their vacancies.

use liufang_kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// One slot of a doctor. Invariant: `0 ≤ available ≤ capacity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Chosen by the hospital, unique in it.
    pub slot_id: String,
    pub hospital: String,
    pub department: String,
    pub doctor: String,
    pub doctor_name: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub capacity: i32,
    pub available: i32,
}

/// Longest slot; a longer one is a mistake of the sender.
pub const MAX_HOURS: i64 = 24;

/// What is wrong with a slot row, if anything.
pub fn problem(slot: &Slot) -> Option<&'static str> {
    if slot.ends_at <= slot.starts_at {
        Some("ends_at_us must be after starts_at_us")
    } else if slot.starts_at.plus_seconds(MAX_HOURS * 3_600) < slot.ends_at {
        Some("a slot lasts at most 24 hours")
    } else if !(1..=1_000).contains(&slot.capacity) {
        Some("capacity must be between 1 and 1000")
    } else {
        None
    }
}

/// The vacancies after the hospital republished a slot with another capacity; `None` when fewer than are booked.
pub fn resized(known: &Slot, capacity: i32) -> Option<i32> {
    let booked = known.capacity - known.available;
    (booked <= capacity).then(|| capacity - booked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(capacity: i32, available: i32) -> Slot {
        Slot {
            slot_id: "s".into(),
            hospital: "H".into(),
            department: "内分泌科".into(),
            doctor: "D".into(),
            doctor_name: "甲".into(),
            starts_at: Timestamp(0),
            ends_at: Timestamp(0).plus_seconds(1_800),
            capacity,
            available,
        }
    }

    #[test]
    fn bookings_survive_a_new_capacity() {
        assert_eq!(resized(&slot(6, 4), 3), Some(1));
        assert_eq!(resized(&slot(6, 4), 2), Some(0));
        assert_eq!(resized(&slot(6, 4), 1), None);
    }

    #[test]
    fn impossible_rows_are_named() {
        assert_eq!(problem(&slot(6, 6)), None);
        assert!(problem(&Slot { ends_at: Timestamp(0), ..slot(6, 6) }).is_some());
        assert!(problem(&slot(0, 0)).is_some());
    }
}
