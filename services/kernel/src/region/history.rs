//! What has been settled by a pack must stay explainable by it: rows of the past are closed and followed, never rewritten.

use std::fmt::Debug;

use time::Date;

use super::terms::InForce;
use super::{Benefit, ConsultationFee, MutualAid, RegionPack, Scheme};

/// Every row by which money was settled up to `used`, the day included, that `new` tells otherwise than `old`. What `new` may do:
/// end a row after that day, and begin rows after it.
pub fn rewritten(old: &RegionPack, new: &RegionPack, used: Date) -> Vec<String> {
    let mut found = Vec::new();
    compare("scheme", &old.schemes, &new.schemes, used, &mut found, |row: &mut Scheme| &mut row.terms);
    compare("benefit", &old.benefits, &new.benefits, used, &mut found, |row: &mut Benefit| &mut row.terms);
    let fees = (&old.consultation_fees, &new.consultation_fees);
    compare("consultation_fee", fees.0, fees.1, used, &mut found, |row: &mut ConsultationFee| &mut row.terms);
    compare("mutual_aid", &old.mutual_aid, &new.mutual_aid, used, &mut found, |row: &mut MutualAid| {
        &mut row.terms
    });
    if old.region.mutual_aid_convention != new.region.mutual_aid_convention {
        found.push("region.mutual_aid_convention has changed".to_owned());
    }
    found
}

fn compare<T>(
    table: &str,
    old: &[T],
    new: &[T],
    used: Date,
    found: &mut Vec<String>,
    terms: fn(&mut T) -> &mut super::Terms,
) where
    T: InForce + Clone + PartialEq + Debug,
{
    let began = |row: &&T| row.terms().valid_from <= used;
    // the row as it was on that day: an end that came later says nothing about it, nor where the figures are published
    let on_that_day = |row: &T| {
        let mut row = row.clone();
        let own = terms(&mut row);
        own.valid_to = own.valid_to.filter(|last| *last < used);
        own.source = None;
        own.illustrative = false;
        own.check_before_release = false;
        row
    };
    let mut left: Vec<T> = new.iter().filter(began).map(on_that_day).collect();
    for row in old.iter().filter(began) {
        match left.iter().position(|other| *other == on_that_day(row)) {
            Some(place) => drop(left.swap_remove(place)),
            None => {
                found.push(format!("a {table} row from {} has changed or is gone", row.terms().valid_from))
            }
        }
    }
    let added = left.iter().map(|row| row.terms().valid_from);
    found.extend(added.map(|from| format!("a {table} row from {from} was not there")));
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const TEXT: &str = include_str!("../../../../deploy/regions/beijing.toml");

    fn pack() -> RegionPack {
        RegionPack::parse(TEXT).unwrap()
    }

    #[test]
    fn the_same_text_rewrites_nothing() {
        assert!(rewritten(&pack(), &pack(), date!(2026 - 11 - 22)).is_empty());
    }

    #[test]
    fn a_row_of_the_past_may_be_ended_and_followed_but_not_changed() {
        let (old, used) = (pack(), date!(2026 - 11 - 22));
        let mut next_year = pack();
        let ended = next_year.benefits[0].clone();
        next_year.benefits[0].terms.valid_to = Some(date!(2026 - 12 - 31));
        let mut follows = ended.clone();
        follows.terms.valid_from = date!(2027 - 01 - 01);
        follows.annual_deductible_fen = follows.annual_deductible_fen + crate::Fen(1);
        next_year.benefits.push(follows);
        assert!(rewritten(&old, &next_year, used).is_empty());
        let mut changed = pack();
        changed.benefits[0].annual_deductible_fen = ended.annual_deductible_fen + crate::Fen(1);
        assert_eq!(rewritten(&old, &changed, used).len(), 2, "gone, and not there before");
        let mut cut_short = pack();
        cut_short.benefits[0].terms.valid_to = Some(date!(2026 - 11 - 21));
        assert_eq!(rewritten(&old, &cut_short, used).len(), 2, "ended before it was last used");
    }
}
