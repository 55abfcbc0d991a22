//! Protobuf to commands and back. Every bad field of a request is named at once.

pub mod account;
pub mod channel;
pub mod claim;
pub mod ledger;
pub mod payment;
pub mod quote;
pub mod reconcile;
pub mod statement;
mod views;

use liufang_kernel::Violations;

/// A mandatory opaque id.
fn id(violations: &mut Violations, field: &str, value: &str) -> String {
    violations.text(field, value, 100)
}

/// A request of one mandatory id.
fn only_id(field: &str, value: &str) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let id = id(&mut violations, field, value);
    violations.finish(Some(id))
}

/// The size of a page, 1..200; 0 means 50.
fn page_size(violations: &mut Violations, size: i32) -> i64 {
    violations.check((0..=200).contains(&size), "page.page_size", "must be between 1 and 200");
    if size == 0 { 50 } else { i64::from(size) }
}
