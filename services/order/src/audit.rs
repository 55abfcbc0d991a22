//! What must hold in the orders' own tables, and between an order and everybody who has a part in it.

use std::collections::HashMap;

use liufang_platform::audit::{self, Audit, AuditFault, Difference, Findings, Part};
use liufang_platform::db::Snapshot;

use crate::domain::agreement::{self, disagreements};
use crate::error::OrderError;
use crate::store;

/// The orders' auditor.
pub struct Orders;

#[async_trait::async_trait]
impl Audit for Orders {
    async fn check(&self, look: &Snapshot, found: &mut Findings) -> Result<(), AuditFault> {
        audit::run(look, store::audit::CHECKS, found).await
    }

    async fn orders(&self, look: &Snapshot, after: &str, limit: u64) -> Result<Vec<String>, AuditFault> {
        audit::ids(look, store::audit::ORDERS, after, limit).await
    }
}

/// Compares orders with their `parts` elsewhere. `asked` says which kinds of part were asked for.
///
/// # Errors
/// The database did not answer.
pub async fn compare(
    look: &Snapshot,
    orders: &[String],
    parts: &[Part],
    asked: impl Fn(&str) -> bool,
) -> Result<Vec<Difference>, AuditFault> {
    let known = store::audit::known(look.tx(), orders).await.map_err(fault)?;
    let mut of: HashMap<&str, Vec<&Part>> = HashMap::new();
    for part in parts {
        of.entry(&part.order_id).or_default().push(part);
    }
    let mut differences = Vec::new();
    for order_id in orders {
        let own = known.get(order_id);
        let parts = of.remove(order_id.as_str()).unwrap_or_default();
        let plain: Vec<agreement::Part<'_>> = parts
            .iter()
            .map(|part| agreement::Part { what: part.what, id: &part.id, state: &part.state })
            .collect();
        for found in disagreements(own.map(|own| &own.order), &plain, &asked) {
            let mut difference = Difference::new(found.kind).with("order_id", order_id.as_str());
            difference.role = crate::ROLE;
            if let Some(own) = own {
                difference = difference.with("order", own.order.state.as_str());
                if !own.step.is_empty() {
                    difference = difference.with("open_step", own.step.as_str());
                }
            }
            if let Some(part) = found.part.and_then(|index| parts.get(index)) {
                difference = difference.with(key(part.what), part.id.as_str());
                difference = difference.with("is", part.state.as_str()).with("fen", part.fen);
            } else if let Some(own) = own.filter(|own| !own.order.payment_id.is_empty()) {
                difference = difference.with("payment_id", own.order.payment_id.as_str());
            }
            differences.push(difference);
        }
    }
    Ok(differences)
}

/// Those of `orders` that nobody has placed.
///
/// # Errors
/// The database did not answer.
pub async fn unknown(look: &Snapshot, orders: &[String]) -> Result<Vec<String>, AuditFault> {
    let known = store::audit::known(look.tx(), orders).await.map_err(fault)?;
    Ok(orders.iter().filter(|id| !known.contains_key(*id)).cloned().collect())
}

/// Under which name a part's id stands.
fn key(what: &str) -> &'static str {
    match what {
        "payment" => "payment_id",
        "reservation" => "reservation_id",
        "prescription" | "hand_out" => "hi_rxno",
        "visit" => "visit_id",
        _ => "delivery_id",
    }
}

fn fault(error: OrderError) -> AuditFault {
    match error {
        OrderError::Db(fault) => AuditFault::Db(fault),
        other => AuditFault::of(&other),
    }
}
