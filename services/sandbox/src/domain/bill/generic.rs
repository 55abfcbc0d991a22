//! The plain form, for channels that have none of their own here.

use std::fmt::Write as _;

use super::Movement;

/// CSV with a header, amounts in fen.
pub fn text(movements: &[Movement]) -> String {
    let mut text = "number,refund_no,amount_fen,fee_fen\n".to_owned();
    for movement in movements {
        let (amount, fee) = (movement.amount().0, movement.fee().0);
        let _ = writeln!(text, "{},{},{amount},{fee}", movement.number, movement.refund_no);
    }
    text
}
