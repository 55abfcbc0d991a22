//! What must hold between lines, hand-outs, slots, visits and the feed of changes at any moment.

use liufang_platform::audit::{self, Audit, AuditFault, Findings, Part};
use liufang_platform::db::Snapshot;

use crate::domain::state::{State, Use, VisitState};
use crate::store;

/// Prescription's auditor.
pub struct Sheets;

#[async_trait::async_trait]
impl Audit for Sheets {
    async fn check(&self, look: &Snapshot, found: &mut Findings) -> Result<(), AuditFault> {
        audit::run(look, store::audit::CHECKS, found).await
    }

    async fn orders(&self, look: &Snapshot, after: &str, limit: u64) -> Result<Vec<String>, AuditFault> {
        audit::ids(look, store::audit::ORDERS, after, limit).await
    }

    async fn parts(&self, look: &Snapshot, orders: &[String]) -> Result<Vec<Part>, AuditFault> {
        let mut parts = audit::parts(look, "prescription", store::audit::PRESCRIPTIONS, orders).await?;
        for part in &mut parts {
            // state and use in one number: the one hundreds, the other units
            let code: i32 = part.state.parse().unwrap_or_default();
            let open = State::from_code(code / 100) == Some(State::Active);
            part.state = match Use::from_code(code % 100) {
                Some(Use::Unused) if open => "open",
                Some(Use::Unused) => "over",
                _ => "used",
            }
            .to_owned();
        }
        parts.extend(audit::parts(look, "hand_out", store::audit::HAND_OUTS, orders).await?);
        let mut visits = audit::parts(look, "visit", store::audit::VISITS, orders).await?;
        for visit in &mut visits {
            let state = visit.state.parse().ok().and_then(VisitState::from_code);
            visit.state = state.map_or("unknown", VisitState::word).to_lowercase();
        }
        parts.extend(visits);
        Ok(parts)
    }
}
