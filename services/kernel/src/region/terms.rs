//! When a row holds and where its figures come from.

use time::Date;

use super::reader::{Mistakes, Table};

/// The keys that every dated row carries beside its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// First day in force, China time.
    pub valid_from: Date,
    /// Last day in force; absent while no end is known.
    pub valid_to: Option<Date>,
    /// Where the figures are published; absent only for illustrative rows.
    pub source: Option<String>,
    /// The figures are invented: nobody has published them. Never settle real money with such a row.
    pub illustrative: bool,
    /// The figures are known but were not compared with the published text.
    pub check_before_release: bool,
    /// Its number among the rows of its kind, from 1, as messages of the reader count.
    pub number: u32,
}

impl Terms {
    pub(super) fn read_from(table: &mut Table<'_>, mistakes: &mut Mistakes<'_>) -> Option<Terms> {
        let valid_from = table.take("valid_from", mistakes);
        let valid_to = table.take("valid_to", mistakes);
        let source = table.take("source", mistakes);
        let illustrative: Option<Option<bool>> = table.take("illustrative", mistakes);
        let check: Option<Option<bool>> = table.take("check_before_release", mistakes);
        Some(Terms {
            valid_from: valid_from?,
            valid_to: valid_to?,
            source: source?,
            illustrative: illustrative?.unwrap_or_default(),
            check_before_release: check?.unwrap_or_default(),
            number: table.number(),
        })
    }

    /// Whether the row holds on `date`; both ends belong to it.
    pub fn cover(&self, date: Date) -> bool {
        self.valid_from <= date && self.valid_to.is_none_or(|last| date <= last)
    }

    /// Whether some day belongs to both.
    pub fn overlap(&self, other: &Terms) -> bool {
        let starts_in_time =
            |first: &Terms, second: &Terms| first.valid_to.is_none_or(|last| second.valid_from <= last);
        starts_in_time(self, other) && starts_in_time(other, self)
    }
}

/// A dated row.
pub trait InForce {
    fn terms(&self) -> &Terms;
}

/// The row of `rows` that holds on `date`. Packs with two such rows are refused when they are read.
pub(super) fn in_force<T: InForce>(rows: &[T], date: Date) -> Option<&T> {
    rows.iter().find(|row| row.terms().cover(date))
}
