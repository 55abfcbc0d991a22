//! What loading did.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use liufang_proto::common::v1::RowError;

/// Counts of what was sent, and who the imported people are.
#[derive(Clone, Debug, Default)]
pub struct SeedReport {
    /// Rows sent, by kind, in the order of loading.
    pub sent: Vec<(&'static str, usize)>,
    /// Person ids by row of `persons.tsv`.
    pub person_ids: BTreeMap<u32, String>,
    /// Stock movements and credits that were new; a second loading has none.
    pub fresh: usize,
    pub took: Duration,
    pub(super) refused: Vec<String>,
}

impl SeedReport {
    pub(super) fn count(&mut self, kind: &'static str, rows: usize) {
        match self.sent.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += rows,
            None => self.sent.push((kind, rows)),
        }
    }

    pub(super) fn refuse(&mut self, kind: &str, errors: &[RowError]) {
        let line = |error: &RowError| format!("{kind} row {}: {} {}", error.row, error.reason, error.message);
        self.refused.extend(errors.iter().map(line));
    }
}

impl fmt::Display for SeedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.sent.iter().map(|(kind, rows)| format!("{rows} {kind}")).collect();
        write!(f, "loaded {} in {} ms; ", kinds.join(", "), self.took.as_millis())?;
        write!(f, "{} credits and stock movements were new", self.fresh)
    }
}
