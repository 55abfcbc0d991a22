//! What must hold between stock ledger, lots, reservations and trace codes at any moment.

use liufang_platform::audit::{self, Audit, AuditFault, Findings, Part};
use liufang_platform::db::Snapshot;

use crate::domain::ReservationState;
use crate::store;

/// Inventory's auditor.
pub struct Stock;

#[async_trait::async_trait]
impl Audit for Stock {
    async fn check(&self, look: &Snapshot, found: &mut Findings) -> Result<(), AuditFault> {
        audit::run(look, store::audit::CHECKS, found).await
    }

    async fn orders(&self, look: &Snapshot, after: &str, limit: u64) -> Result<Vec<String>, AuditFault> {
        audit::ids(look, store::audit::ORDERS, after, limit).await
    }

    async fn parts(&self, look: &Snapshot, orders: &[String]) -> Result<Vec<Part>, AuditFault> {
        let mut parts = audit::parts(look, "reservation", store::audit::PARTS, orders).await?;
        for part in &mut parts {
            let state = part.state.parse().ok().and_then(ReservationState::from_number);
            part.state = state.map_or("unknown", ReservationState::word).to_lowercase();
        }
        Ok(parts)
    }
}
