//! The patient gives the order up.

use liufang_platform::Call;

use super::{App, View};
use crate::domain::{Operation, Order, cancel, permit};
use crate::error::OrderError;

/// The reason of a cancellation by the patient.
const BY_PATIENT: &str = "CANCELLED_BY_PATIENT";

impl App {
    /// Cancels before payment, or takes a paid, not yet dispensed order back with refund.
    pub async fn cancel(&self, call: Call<String>) -> Result<View, OrderError> {
        if let Some(view) = self.replayed(&call.meta).await? {
            return Ok(view);
        }
        let (id, operation) = (&call.body, self.operation(&call.meta));
        let decide = |order: &mut Order| {
            permit(order, Operation::Cancel)?;
            Ok(cancel(order, BY_PATIENT))
        };
        self.start(&call.meta, id, &operation, decide).await?;
        self.drive(id, &operation).await?;
        self.answer(&call.meta, id, &operation, View::for_patient).await
    }
}
