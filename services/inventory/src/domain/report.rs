//! Answers of row-by-row imports: rows not named were taken.

use serde::{Deserialize, Serialize};

/// One refused row. The message never repeats personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRefusal {
    /// Index in the request, from 0.
    pub row: usize,
    /// From the reason registry.
    pub reason: String,
    pub message: String,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowReport {
    pub refusals: Vec<RowRefusal>,
    /// Rows taken now.
    pub taken: usize,
    /// Rows that were known already.
    pub known: usize,
}
