//! The pharmacy takes dispensed goods back: sale return 3506, lines untaken 7208, refund.

use liufang_kernel::Sensitive;
use liufang_platform::Call;

use super::{App, View};
use crate::domain::{Change, Kind, Operation, Order, Scan, cancel, give_back_some, permit};
use crate::error::OrderError;

/// Which order came back, and why.
#[derive(Clone)]
pub struct GiveBack {
    pub order_id: String,
    /// At most 200 characters; kept sealed with the order.
    pub reason: Sensitive<String>,
    /// The goods that come back; empty: all of them.
    pub scans: Vec<Scan>,
}

impl App {
    /// Takes a dispensed order back, or some goods of it.
    pub async fn give_back(&self, call: Call<GiveBack>) -> Result<View, OrderError> {
        if let Some(view) = self.replayed(&call.meta).await? {
            return Ok(view);
        }
        let (id, operation) = (&call.body.order_id, self.operation(&call.meta));
        let decide = |order: &mut Order| {
            permit(order, Operation::Return)?;
            if !call.body.scans.is_empty() {
                return some_goods(order, &call.body);
            }
            order.return_note = call.body.reason.clone();
            Ok(cancel(order, "RETURNED"))
        };
        self.start(&call.meta, id, &operation, decide).await?;
        self.drive(id, &operation).await?;
        self.answer(&call.meta, id, &operation, View::for_others).await
    }
}

/// A prescription is untaken as a whole (7208), so that only other goods come back in parts.
fn some_goods(order: &mut Order, body: &GiveBack) -> Result<Change, OrderError> {
    if order.kind != Kind::Otc {
        return Err(OrderError::field("scans", "an order with a prescription comes back as a whole"));
    }
    let known = |scan: &Scan| order.lines.iter().any(|line| line.line_no == scan.line_no);
    if !body.scans.iter().all(known) {
        return Err(OrderError::field("scans", "must name lines of the order"));
    }
    order.return_note = body.reason.clone();
    Ok(give_back_some(order, body.scans.clone()))
}
