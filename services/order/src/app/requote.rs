//! A fresh quote for an order that waits for payment.

use liufang_platform::{Call, PrincipalKind};

use super::{App, View};
use crate::domain::{Kind, Operation, Order, Payers, permit, requote, requoting};
use crate::error::OrderError;

/// Which order, and whose accounts pay now.
#[derive(Clone)]
pub struct Requote {
    pub order_id: String,
    pub payers: Payers,
}

impl App {
    /// Replaces the quote. A refusal keeps the old one.
    pub async fn requote(&self, call: Call<Requote>) -> Result<View, OrderError> {
        if let Some(view) = self.replayed(&call.meta).await? {
            return Ok(view);
        }
        let (id, operation) = (&call.body.order_id, self.operation(&call.meta));
        let decide = |order: &mut Order| {
            // the counter speaks for the patient who stands at it, and for no other
            if call.meta.principal.kind == PrincipalKind::Pos && order.kind != Kind::Counter {
                return Err(OrderError::NotFound);
            }
            permit(order, Operation::Requote)?;
            Ok(requote(requoting(call.body.payers.clone())))
        };
        self.start(&call.meta, id, &operation, decide).await?;
        self.drive(id, &operation).await?.or_unreachable()?;
        let patient = call.meta.principal.kind == PrincipalKind::Patient;
        let view = if patient { View::for_patient } else { View::for_others };
        self.answer(&call.meta, id, &operation, view).await
    }
}
