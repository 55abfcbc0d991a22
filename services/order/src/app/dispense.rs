//! The pharmacy scans trace codes and dispenses: the claim is checked, then stock 3505, prescription 7207, and ready for
//! courier or collection.

use liufang_kernel::Sensitive;
use liufang_platform::{AuthFault, Call, CallMeta};

use super::{App, Dispensed};
use crate::domain::{Change, Operation, Order, Scan, dispense, dispensing, permit};
use crate::error::{self, OrderError};
use crate::store::{journal, orders};

/// What the pharmacy hands in.
#[derive(Clone)]
pub struct Dispense {
    pub order_id: String,
    /// Practitioner token of the dispensing pharmacist.
    pub pharmacist_token: Sensitive<String>,
    /// Of the claim; orders with a prescription only.
    pub secret: Sensitive<String>,
    pub scans: Vec<Scan>,
}

impl App {
    /// Dispenses. Checks exist → ended → credential → state → body.
    pub async fn dispense(&self, call: Call<Dispense>) -> Result<Dispensed, OrderError> {
        if let Some(dispensed) = self.replayed(&call.meta).await? {
            return Ok(dispensed);
        }
        let (id, operation) = (&call.body.order_id, self.operation(&call.meta));
        let order = self.own(&call.meta, id).await?;
        if order.state.has_ended() {
            permit(&order, Operation::Dispense)?;
        }
        let pharmacist = self.pharmacist(&call.meta, call.body.pharmacist_token.reveal()).await?;
        // what follows a payment — a longer reservation, the delivery — may still be open; it comes first
        self.drive_quietly(&order.id).await;
        self.check_prescription(id, &operation, &call.body).await?;
        let decide = |order: &mut Order| decide(order, &call.body, &pharmacist);
        self.start(&call.meta, id, &operation, decide).await?;
        self.drive(id, &operation).await?.or_unreachable()?;
        self.answer(&call.meta, id, &operation, Dispensed::of).await
    }

    /// The secret is asked for before anything is sold: a wrong one must leave no sale behind. What the order itself forbids
    /// is not looked at here, it has its own place in the order of checks.
    async fn check_prescription(&self, id: &str, operation: &str, body: &Dispense) -> Result<(), OrderError> {
        let db = self.deps.db.read();
        let order = orders::find(db, &self.deps.cipher, id).await?.ok_or(OrderError::NotFound)?;
        let asks = order.kind.has_prescription() && !order.recorded && !body.secret.reveal().is_empty();
        if !asks || permit(&order, Operation::Dispense).is_err() {
            return Ok(());
        }
        match self.peers.check_dispense(&order, body.secret.reveal()).await {
            // a twin of this call has begun, maybe ended, meanwhile: its answer is ours
            Err(_) if journal::knows(db, id, operation).await? => Ok(()),
            other => other,
        }
    }

    /// Who dispenses: an active pharmacist of the calling institution, by their own credential.
    async fn pharmacist(&self, meta: &CallMeta, token: &str) -> Result<String, OrderError> {
        let institution = meta.principal.institution()?;
        let practitioner = self.deps.tokens.practitioner(token, meta.now)?;
        if practitioner.client != institution {
            return Err(AuthFault::NotAllowed.into());
        }
        if !self.peers.is_pharmacist(&practitioner.subject, institution).await? {
            return Err(OrderError::rule(&error::PRACTITIONER_NOT_PHARMACIST));
        }
        Ok(practitioner.subject)
    }
}

fn decide(order: &mut Order, body: &Dispense, pharmacist: &str) -> Result<Change, OrderError> {
    permit(order, Operation::Dispense)?;
    if order.kind.has_prescription() && body.secret.reveal().is_empty() {
        return Err(OrderError::field("secret", "must not be empty for a prescription order"));
    }
    let secret = body.secret.reveal().clone();
    let steps = dispensing(order, pharmacist.to_owned(), body.scans.clone(), secret);
    Ok(dispense(order, steps))
}
