//! How long a sheet and the record it belongs to are kept (`domain.md` §8: 处方管理办法 for sheets, 互联网诊疗 for records made
//! online). What must be kept longest decides. Zero: no end is set.

use liufang_kernel::region::PrescriptionLimits;
use liufang_kernel::{Date, Timestamp};

/// Until when a sheet with drugs of these controlled classes is kept.
pub fn keep_sheet<'a>(
    limits: &PrescriptionLimits,
    controlled: impl IntoIterator<Item = &'a str>,
    issued_on: Date,
) -> Timestamp {
    let of_class = |class: &str| match class {
        "narcotic" | "psych1" => limits.keep_narcotic_years,
        "toxic" | "psych2" => limits.keep_special_years,
        _ => limits.keep_ordinary_years,
    };
    // every sheet of this service is written online
    let own = controlled.into_iter().map(of_class).max().flatten().or(limits.keep_ordinary_years);
    until(own.max(limits.keep_online_record_years), issued_on)
}

/// Until when the record of an online visit is kept.
pub fn keep_record(limits: &PrescriptionLimits, visited_on: Date) -> Timestamp {
    until(limits.keep_online_record_years, visited_on)
}

/// The end of the same day so many years later; the 29th of February counts as the 28th.
fn until(years: Option<u32>, from: Date) -> Timestamp {
    let Some(years) = years.and_then(|years| i32::try_from(years).ok()) else { return Timestamp(0) };
    let year = from.year().saturating_add(years);
    let day =
        from.replace_year(year).or_else(|_| from.replace_day(28).and_then(|day| day.replace_year(year)));
    day.map_or(Timestamp(0), |day| Timestamp::start_of(day).plus_days(1))
}

#[cfg(test)]
mod tests {
    use liufang_kernel::region::RegionPack;
    use liufang_kernel::timestamp::{date_text, parse_date};

    use super::*;

    fn limits(edit: impl FnOnce(&mut PrescriptionLimits)) -> PrescriptionLimits {
        let pack = RegionPack::parse(include_str!("../../../../deploy/regions/qinhuangdao.toml")).unwrap();
        let mut limits = pack.prescription_limits(parse_date("2026-11-22").unwrap()).unwrap().clone();
        edit(&mut limits);
        limits
    }

    fn kept(limits: &PrescriptionLimits, controlled: &[&str], day: &str) -> String {
        let until = keep_sheet(limits, controlled.iter().copied(), parse_date(day).unwrap());
        if until == Timestamp(0) { "no end".to_owned() } else { date_text(until.plus_days(-1).china_date()) }
    }

    #[test]
    fn the_longest_decides() {
        let paper = limits(|limits| limits.keep_online_record_years = None);
        assert_eq!(kept(&paper, &["none"], "2026-11-22"), "2027-11-22");
        assert_eq!(kept(&paper, &["none", "psych2"], "2026-11-22"), "2028-11-22");
        assert_eq!(kept(&paper, &["narcotic", "toxic"], "2026-11-22"), "2029-11-22");
        assert_eq!(kept(&paper, &["none"], "2028-02-29"), "2029-02-28");
        let online = limits(|_| {});
        assert_eq!(kept(&online, &["narcotic"], "2026-11-22"), "2041-11-22");
        let silent = limits(|limits| {
            limits.keep_ordinary_years = None;
            limits.keep_online_record_years = None;
        });
        assert_eq!(kept(&silent, &["none"], "2026-11-22"), "no end");
    }
}
