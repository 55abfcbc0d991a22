//! 微信支付交易账单 (pay.weixin.qq.com › 交易账单文件格式说明): a header, rows whose values begin with a backtick, the header
//! of the sums, the sums. Amounts are yuan. Columns are found by name, as their order is not promised.

use liufang_kernel::Fen;

use super::table::{parts, places, yuan};
use super::{StatementLine, Unreadable};

const COLUMNS: [&str; 6] = ["商户订单号", "交易状态", "应结订单金额", "商户退款单号", "退款金额", "手续费"];
const SUMS: &str = "总交易单数";

pub fn read(text: &str) -> Result<Vec<StatementLine>, Unreadable> {
    let mut rows = text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty());
    let header = rows.next().map(|(_, row)| parts(row)).unwrap_or_default();
    let places = places(&header, COLUMNS)?;
    let mut lines = Vec::new();
    for (index, row) in rows.by_ref() {
        if row.starts_with(SUMS) {
            let sums = rows.next().map(|(index, row)| (index + 1, quoted(row)));
            sums.ok_or_else(missing).and_then(|(line, sums)| held_to(&lines, line, &sums))?;
            return Ok(lines);
        }
        let values = super::table::values(index + 1, &quoted(row), places)?;
        lines.push(line(index + 1, values)?);
    }
    Err(missing())
}

fn missing() -> Unreadable {
    Unreadable { line: 0, what: "it has no sums: a part of it is missing".to_owned() }
}

/// Values stand between ",`"; one may have commas of its own, such as the name of the goods.
fn quoted(row: &str) -> Vec<&str> {
    row.trim().trim_start_matches('`').split(",`").map(str::trim).collect()
}

fn line(line: usize, values: [&str; 6]) -> Result<StatementLine, Unreadable> {
    let [number, state, settled, refund_no, refunded, fee] = values;
    let fee = cut(line, fee)?;
    let (refund_no, amount) = match state {
        "SUCCESS" => (String::new(), yuan(line, "应结订单金额", settled)?),
        "REFUND" => (refund_no.to_owned(), -yuan(line, "退款金额", refunded)?),
        other => return Err(Unreadable { line, what: format!("交易状态 is {other}") }),
    };
    Ok(StatementLine { number: number.to_owned(), refund_no, amount, fee })
}

/// Fees are told with up to five decimals and paid in whole fen, half a fen as one.
fn cut(line: usize, text: &str) -> Result<Fen, Unreadable> {
    let two = text.find('.').map_or(text.len(), |point| (point + 3).min(text.len()));
    let (paid, rest) = text.split_at_checked(two).unwrap_or((text, ""));
    let fee = yuan(line, "手续费", paid)?;
    let one = i64::from(rest.starts_with(['5', '6', '7', '8', '9']));
    Ok(if text.starts_with('-') { fee - Fen(one) } else { fee + Fen(one) })
}

/// Number of rows, what was taken and what was given back are said at the end.
fn held_to(lines: &[StatementLine], line: usize, sums: &[&str]) -> Result<(), Unreadable> {
    let [count, taken, back] = super::table::values(line, sums, [0, 1, 2])?;
    let wrong = |what: String| Err(Unreadable { line: 0, what });
    if count.parse() != Ok(lines.len()) {
        return wrong(format!("it says it has {count} lines and has {}", lines.len()));
    }
    let of = |refunds: bool| {
        let own = lines.iter().filter(move |line| line.refund_no.is_empty() != refunds);
        own.map(|line| line.amount).sum::<Fen>()
    };
    let (taken, back) = (yuan(line, "应结订单总金额", taken)?, yuan(line, "退款总金额", back)?);
    if taken != of(false) {
        return wrong(format!("it says it took {taken} and its lines say {}", of(false)));
    }
    match -of(true) {
        own if own != back => wrong(format!("it says it gave back {back} and its lines say {own}")),
        _ => Ok(()),
    }
}
