//! The counter: a patient without an order shows who they are and has a prescription filled (外配处方).

use liufang_kernel::Quantity;
use serde::{Deserialize, Serialize};

use super::prescription::Prescription;

/// Life of a patient's QR.
pub const QR_SECONDS: i64 = 5 * 60;
/// Life of what a pharmacy gets for a proof.
pub const COUNTER_SECONDS: i64 = 10 * 60;

/// Sales at the counter stand where orders do; no order begins so.
pub const SALE: &str = "ctr";

/// Whether `order_id` names a sale at the counter.
pub fn is_sale(order_id: &str) -> bool {
    order_id.strip_prefix(SALE).is_some_and(|rest| rest.starts_with('_'))
}

/// What a pharmacy sees of a prescription before it claims it: enough to know whether it has the goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub hi_rxno: String,
    pub hospital: String,
    pub issued_at_us: i64,
    pub valid_until_us: i64,
    pub lines: Vec<ItemLine>,
}

/// A line with something left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemLine {
    pub line_no: i32,
    pub drug: String,
    pub generic_name: String,
    pub rest: Quantity,
    pub billing_unit: String,
}

impl Item {
    pub fn of(rx: &Prescription) -> Item {
        let open = rx.lines.iter().filter(|line| !line.as_use().is_taken());
        let lines = open.map(|line| ItemLine {
            line_no: line.line_no,
            drug: line.drug.clone(),
            generic_name: line.generic_name.clone(),
            rest: line.quantity - line.dispensed,
            billing_unit: line.billing_unit.clone(),
        });
        Item {
            hi_rxno: rx.hi_rxno.clone(),
            hospital: rx.hospital.clone(),
            issued_at_us: rx.issued_at.0,
            valid_until_us: rx.valid_until.0,
            lines: lines.collect(),
        }
    }
}
