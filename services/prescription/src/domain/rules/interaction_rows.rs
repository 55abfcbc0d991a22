//! The interaction table: data only, by the disease whose drugs the first column holds.
//!
//! Every row rests on the label of the drug it names, in our own words and from general knowledge; labels differ by maker
//! and change. A pharmacist compares the table with them before release. Severities: what labels forbid blocks, what they warn of or limit the dose for wants a
//! reason, what they ask to watch or to take hours apart is a note.

mod blood_pressure;
mod diabetes;
mod heart;
mod thyroid;

use super::Severity;
use super::groups::Group;
use super::interactions::Row;

/// The parts of the table with their titles.
pub const TABLES: &[(&str, &[Row])] = &[
    ("Blood pressure", blood_pressure::ROWS),
    ("Heart, vessels and lipids", heart::ROWS),
    ("Diabetes", diabetes::ROWS),
    ("Thyroid", thyroid::ROWS),
];

const fn row(a: Group, b: Group, severity: Severity, effect: &'static str, source: &'static str) -> Row {
    Row { a, b, severity, effect, source }
}
