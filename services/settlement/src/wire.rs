//! Protobuf to commands and back. Every bad field of a request is named at once.

pub mod account;
pub mod channel;
pub mod claim;
pub mod insurer;
pub mod ledger;
pub mod payment;
pub mod quote;
pub mod reconcile;
pub mod refund;
pub mod statement;
pub mod stuck;
mod views;

use liufang_kernel::Violations;
use liufang_platform::CallMeta;
use liufang_proto::settlement::v1 as pb;

/// A mandatory opaque id.
fn id(violations: &mut Violations, field: &str, value: &str) -> String {
    violations.text(field, value, 100)
}

/// `CheckPersonNeededRequest`.
pub fn person_needed(request: pb::CheckPersonNeededRequest, _: &CallMeta) -> Result<String, Violations> {
    only_id("person_id", &request.person_id)
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
