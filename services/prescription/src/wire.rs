//! Protobuf ↔ commands and domain. Parsing names every bad field at once; rendering never fails.

pub mod circulation;
pub mod notice;
pub mod prescribing;
pub mod render;
pub mod visits;

use liufang_kernel::codes::is_institution_code;
use liufang_kernel::{Sensitive, Violations};

/// Longest opaque id or code taken from a caller.
const ID: usize = 64;
/// Longest practitioner token.
const TOKEN: usize = 4_096;
const REASON: usize = 200;
/// `rx_chk_opnn`.
const OPINION: usize = 2_000;

/// A request with one required id.
fn one(field: &str, value: &str) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let value = violations.text(field, value, ID);
    violations.finish(Some(value))
}

fn institution(violations: &mut Violations, field: &str, value: &str) -> String {
    violations.check(is_institution_code(value), field, "must be H or P, a 6-digit region and 5 digits");
    value.to_owned()
}

/// Personal text: blanks around it are dropped, line breaks stay.
fn personal(violations: &mut Violations, field: &str, value: &str, max: usize) -> Sensitive<String> {
    Sensitive::new(violations.text(field, value, max))
}
