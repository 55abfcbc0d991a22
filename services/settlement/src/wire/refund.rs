//! Returns on the wire: whole, or lines and fees.

use std::collections::BTreeSet;

use liufang_kernel::{Fen, Quantity, Violations};
use liufang_platform::CallMeta;
use liufang_proto::settlement::v1 as pb;

use super::quote::fees;
use super::{id, views};
use crate::app::capture::Refund;
use crate::app::refund::{Part, RefundPart};
use crate::domain::payment::Payment;
use crate::domain::refund::Returned;

const MOST_LINES: usize = 200;

/// What is asked to come back.
#[derive(Clone, Debug)]
pub enum Ask {
    Whole(Refund),
    Part(RefundPart),
}

/// `RefundRequest`.
pub fn refund(request: pb::RefundRequest, _: &CallMeta) -> Result<Ask, Violations> {
    let mut violations = Violations::new();
    let payment_id = id(&mut violations, "payment_id", &request.payment_id);
    let reason = violations.text("reason", &request.reason, 200);
    let lines = lines(&mut violations, "lines", &request.lines);
    let outside: Vec<_> = fees(&mut violations, &request.outside).iter().cloned().collect();
    violations.check(outside.iter().all(|fee| fee.amount > Fen::ZERO), "outside", "must be above zero");
    let ask = if request.lines.is_empty() && request.outside.is_empty() {
        Ask::Whole(Refund { payment_id, reason })
    } else {
        Ask::Part(RefundPart { payment_id, reason, returned: Returned { lines, outside } })
    };
    violations.finish(Some(ask))
}

/// Line numbers with quantities above zero, each line once.
pub(super) fn lines(
    violations: &mut Violations,
    field: &str,
    lines: &[pb::ReturnedLine],
) -> Vec<(i32, Quantity)> {
    violations.check(lines.len() <= MOST_LINES, field, "must be at most 200");
    let numbers: BTreeSet<i32> = lines.iter().map(|line| line.line_no).collect();
    violations.check(numbers.len() == lines.len(), field, "line_no must be unique");
    let mut read = Vec::new();
    for (n, line) in lines.iter().enumerate().take(MOST_LINES) {
        let path = format!("{field}[{n}].quantity");
        let quantity = violations.take(&path, line.quantity.parse::<Quantity>());
        violations.check(quantity.is_none_or(|quantity| quantity.is_positive()), &path, "must be above zero");
        read.extend(quantity.map(|quantity| (line.line_no, quantity)));
    }
    read
}

pub fn reply((payment, refund): (Payment, Option<Part>)) -> pb::RefundResponse {
    pb::RefundResponse { payment: Some(views::payment(payment)), refund: refund.map(view) }
}

/// One return.
pub fn view(part: Part) -> pb::PaymentRefund {
    let line =
        |(line_no, quantity): (i32, Quantity)| pb::ReturnedLine { line_no, quantity: quantity.to_string() };
    let state = if part.booked { pb::RefundState::Booked } else { pb::RefundState::Started };
    pb::PaymentRefund {
        refund_id: part.refund_id,
        part_no: part.part_no,
        state: state.into(),
        amount_fen: part.amount.0,
        legs: part.legs.into_iter().map(views::leg).collect(),
        lines: part.returned.lines.into_iter().map(line).collect(),
        setl_id: part.setl_id,
        at_us: part.at.0,
    }
}
