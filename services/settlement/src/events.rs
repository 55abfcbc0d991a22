//! Events this service tells. It consumes none.

use liufang_kernel::{Fen, Timestamp};
use liufang_proto::settlement::v1 as pb;

use crate::domain::benefit::Totals;
use crate::domain::payment::Journal;
use crate::store::refund::Refund;

/// All legs are settled.
pub fn captured(journal: &Journal, totals: &Totals) -> pb::PaymentCaptured {
    pb::PaymentCaptured {
        payment_id: journal.payment_id.clone(),
        order_id: journal.order_id.clone(),
        setl_id: journal.setl_id.clone(),
        fixmedins_code: journal.fixmedins_code.clone(),
        fund_pay_sumamt_fen: totals.fund.0,
        acct_pay_fen: totals.account.0,
        acct_mulaid_pay_fen: totals.mutual_aid.0,
        psn_cash_pay_fen: (totals.cash + totals.outside).0,
        at_us: journal.captured_at.0,
        person_id: journal.person_id.clone(),
    }
}

/// Ended without capture.
pub fn ended(journal: &Journal, reason: &str, at: Timestamp) -> pb::PaymentEnded {
    pb::PaymentEnded {
        payment_id: journal.payment_id.clone(),
        order_id: journal.order_id.clone(),
        reason: reason.to_owned(),
        at_us: at.0,
    }
}

/// Everything was returned.
pub fn refunded(journal: &Journal, amount: Fen, at: Timestamp) -> pb::PaymentRefunded {
    pb::PaymentRefunded {
        payment_id: journal.payment_id.clone(),
        order_id: journal.order_id.clone(),
        amount_fen: amount.0,
        at_us: at.0,
    }
}

/// A part was returned.
pub fn partly_refunded(journal: &Journal, refund: &Refund, at: Timestamp) -> pb::PaymentPartlyRefunded {
    // in the words of the capture's event, so that the one can be taken off the other
    let (before, rest) = (&refund.body.before.totals, &refund.body.rest.totals);
    let cash = before.cash + before.outside - rest.cash - rest.outside;
    pb::PaymentPartlyRefunded {
        payment_id: journal.payment_id.clone(),
        order_id: journal.order_id.clone(),
        refund_id: refund.refund_id.clone(),
        amount_fen: refund.amount.0,
        fund_pay_sumamt_fen: (before.fund - rest.fund).0,
        acct_pay_fen: (before.account - rest.account).0,
        acct_mulaid_pay_fen: (before.mutual_aid - rest.mutual_aid).0,
        psn_cash_pay_fen: cash.0,
        refunded_fen: journal.refunded.0,
        setl_id: journal.setl_id.clone(),
        fixmedins_code: journal.fixmedins_code.clone(),
        at_us: at.0,
    }
}
