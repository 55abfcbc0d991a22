//! Clinic hours as slots: the rules of `slots.tsv` over the next days.

use std::collections::BTreeMap;

use liufang_kernel::{Date, Timestamp};
use liufang_proto::prescription::v1::Slot;

use super::rows::{PractitionerRow, SlotRow};
use super::{Seed, SeedSet};

/// Online visits need this many years of practice (互联网诊疗管理办法; `domain.md` §8).
const YEARS_OF_PRACTICE: i32 = 3;

/// Slots of each hospital from the running one on: two days for the demo (first two hospitals), a week in full.
pub fn slots(seed: &Seed, set: SeedSet, now: Timestamp) -> BTreeMap<&str, Vec<Slot>> {
    let days = if set == SeedSet::Full { 7 } else { 2 };
    let mut hospitals: BTreeMap<&str, Vec<Slot>> = BTreeMap::new();
    for rule in seed.slots.iter().filter(|rule| rule.online) {
        let Some(doctor) = seed.practitioners.iter().find(|own| own.code == rule.doctor) else { continue };
        if !sees_online(doctor, now) || (set == SeedSet::Demo && !in_demo(&doctor.institution)) {
            continue;
        }
        let slots = hospitals.entry(&doctor.institution).or_default();
        for day in 0..days {
            slots.extend(of_day(rule, doctor, now.plus_days(day).china_date(), now));
        }
    }
    hospitals
}

fn in_demo(hospital: &str) -> bool {
    ["H13030200001", "H13030200002"].contains(&hospital)
}

fn sees_online(doctor: &PractitionerRow, now: Timestamp) -> bool {
    let practised = doctor.practice_from.is_some_and(|from| {
        from.replace_year(from.year() + YEARS_OF_PRACTICE).is_ok_and(|since| since <= now.china_date())
    });
    practised && doctor.may_sign()
}

fn of_day(rule: &SlotRow, doctor: &PractitionerRow, day: Date, now: Timestamp) -> Vec<Slot> {
    let bit = 1_u8 << day.weekday().number_days_from_monday();
    if rule.weekday_mask & bit == 0 || rule.slot_minutes <= 0 {
        return Vec::new();
    }
    let midnight = Timestamp::start_of(day);
    let mut slots = Vec::new();
    let mut start = rule.start;
    while start + rule.slot_minutes <= rule.end {
        let (starts_at, ends_at) =
            (midnight.plus_seconds(start * 60), midnight.plus_seconds((start + rule.slot_minutes) * 60));
        if now < ends_at {
            slots.push(slot(rule, doctor, day, start, starts_at, ends_at));
        }
        start += rule.slot_minutes;
    }
    slots
}

fn slot(
    rule: &SlotRow,
    doctor: &PractitionerRow,
    day: Date,
    minute: i64,
    starts_at: Timestamp,
    ends_at: Timestamp,
) -> Slot {
    let date = format!("{:04}{:02}{:02}", day.year(), u8::from(day.month()), day.day());
    Slot {
        slot_id: format!("{}-{date}-{:02}{:02}", rule.doctor, minute / 60, minute % 60),
        fixmedins_code: doctor.institution.clone(),
        dept: rule.department.clone(),
        doctor_code: rule.doctor.clone(),
        doctor_name: doctor.name.clone(),
        starts_at_us: starts_at.0,
        ends_at_us: ends_at.0,
        capacity: rule.capacity,
        available: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use time::macros::date;

    use super::*;

    #[test]
    fn slots_begin_with_the_running_one_and_have_ids_of_their_own() {
        let seed = Seed::read().unwrap();
        let now = Timestamp::start_of(date!(2026 - 11 - 22)).plus_seconds(23 * 3_600 + 2_000);
        let hospitals = slots(&seed, SeedSet::Demo, now);
        let first = &hospitals["H13030200001"];
        assert!(first.iter().all(|slot| now.0 < slot.ends_at_us && slot.starts_at_us < slot.ends_at_us));
        assert!(first.iter().any(|slot| slot.slot_id == "D130302000001-20261122-2330"));
        let ids: BTreeSet<_> = first.iter().map(|slot| &slot.slot_id).collect();
        assert_eq!(ids.len(), first.len());
    }

    #[test]
    fn young_and_suspended_doctors_have_no_online_slots() {
        let seed = Seed::read().unwrap();
        let now = Timestamp::start_of(date!(2026 - 11 - 23));
        let hospitals = slots(&seed, SeedSet::Full, now);
        let doctors: BTreeSet<_> =
            hospitals.values().flatten().map(|slot| slot.doctor_code.as_str()).collect();
        for code in ["D130302000005", "D130302000006", "D130302000007"] {
            assert!(!doctors.contains(code), "{code}");
        }
        assert!(doctors.contains("D130302000001"));
    }
}
