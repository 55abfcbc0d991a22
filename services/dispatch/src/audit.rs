//! What must hold between deliveries, their tracking and their failed attempts at any moment.

use liufang_platform::audit::{self, Audit, AuditFault, Findings, Part};
use liufang_platform::db::Snapshot;

use crate::store;

/// Dispatch's auditor.
pub struct Deliveries;

#[async_trait::async_trait]
impl Audit for Deliveries {
    async fn check(&self, look: &Snapshot, found: &mut Findings) -> Result<(), AuditFault> {
        audit::run(look, store::audit::CHECKS, found).await
    }

    async fn orders(&self, look: &Snapshot, after: &str, limit: u64) -> Result<Vec<String>, AuditFault> {
        audit::ids(look, store::audit::ORDERS, after, limit).await
    }

    async fn parts(&self, look: &Snapshot, orders: &[String]) -> Result<Vec<Part>, AuditFault> {
        audit::parts(look, "delivery", store::audit::PARTS, orders).await
    }
}
