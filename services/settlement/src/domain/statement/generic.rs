//! Our own plain form, for channels whose format we do not read: CSV with a header, amounts in fen, no quoting. A line of
//! nothing but a fee is a fee by itself.

use super::table::{fen, parts, places, values};
use super::{StatementLine, Unreadable};

const COLUMNS: [&str; 4] = ["number", "refund_no", "amount_fen", "fee_fen"];

pub fn read(text: &str) -> Result<Vec<StatementLine>, Unreadable> {
    let mut rows = text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty());
    let header = rows.next().map(|(_, row)| parts(row)).unwrap_or_default();
    let places = places(&header, COLUMNS)?;
    rows.map(|(index, row)| {
        let line = index + 1;
        let [number, refund_no, amount, fee] = values(line, &parts(row), places)?;
        let amount = fen(line, "amount_fen", amount)?;
        let signed = amount.0 == 0 || (amount.0 < 0) != refund_no.is_empty();
        if !signed || number.is_empty() {
            return Err(Unreadable { line, what: "a refund is negative, a payment positive".to_owned() });
        }
        let fee = fen(line, "fee_fen", fee)?;
        Ok(StatementLine { number: number.to_owned(), refund_no: refund_no.to_owned(), amount, fee })
    })
    .collect()
}
