//! The pharmacy takes dispensed goods back: sale return 3506, lines untaken 7208, refund.

use liufang_kernel::Sensitive;
use liufang_platform::Call;

use super::{App, View};
use crate::domain::{Operation, Order, cancel, permit};
use crate::error::OrderError;

/// Which order came back, and why.
#[derive(Clone)]
pub struct GiveBack {
    pub order_id: String,
    /// At most 200 characters; kept sealed with the order.
    pub reason: Sensitive<String>,
}

impl App {
    /// Takes a dispensed order back.
    pub async fn give_back(&self, call: Call<GiveBack>) -> Result<View, OrderError> {
        if let Some(view) = self.replayed(&call.meta).await? {
            return Ok(view);
        }
        let (id, operation) = (&call.body.order_id, self.operation(&call.meta));
        let decide = |order: &mut Order| {
            permit(order, Operation::Return)?;
            order.return_note = call.body.reason.clone();
            Ok(cancel(order, "RETURNED"))
        };
        self.start(&call.meta, id, &operation, decide).await?;
        self.drive(id, &operation).await?;
        self.answer(&call.meta, id, &operation, View::for_others).await
    }
}
