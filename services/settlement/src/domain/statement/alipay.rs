//! 支付宝业务明细 (bill type `trade`): lines that begin with `#` are about the list, whose end is marked; values end with a tab.
//! Amounts are yuan, those of a refund negative; the fee is negative where it is taken. The file comes in GBK and is handed in
//! as UTF-8.

use super::table::{parts, places, values, yuan};
use super::{StatementLine, Unreadable};

const COLUMNS: [&str; 5] = ["商户订单号", "业务类型", "商家实收（元）", "退款批次号/请求号", "服务费（元）"];
/// May have commas of its own.
const GOODS: &str = "商品名称";
const END: &str = "业务明细列表结束";

pub fn read(text: &str) -> Result<Vec<StatementLine>, Unreadable> {
    let mut list = text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty());
    let header = list.find(|(_, row)| !row.starts_with('#')).map(|(_, row)| parts(row)).unwrap_or_default();
    let places = places(&header, COLUMNS)?;
    let goods = header.iter().position(|name| *name == GOODS).unwrap_or(header.len());
    let mut lines = Vec::new();
    for (index, row) in list {
        if row.contains(END) {
            return Ok(lines);
        }
        if !row.starts_with('#') {
            let mut parts = parts(row);
            let more = parts.len().saturating_sub(header.len());
            if 0 < more && goods < header.len() {
                parts.drain(goods..goods + more);
            }
            lines.push(line(index + 1, values(index + 1, &parts, places)?)?);
        }
    }
    Err(Unreadable { line: 0, what: "its list has no end: a part of it is missing".to_owned() })
}

fn line(line: usize, values: [&str; 5]) -> Result<StatementLine, Unreadable> {
    let [number, kind, received, refund_no, fee] = values;
    let amount = yuan(line, "商家实收（元）", received)?;
    let refund_no = match kind {
        "交易" if amount.0 >= 0 => String::new(),
        "退款" if amount.0 <= 0 && !refund_no.is_empty() => refund_no.to_owned(),
        "交易" | "退款" => {
            return Err(Unreadable { line, what: format!("{kind} of {received} {refund_no}") });
        }
        other => return Err(Unreadable { line, what: format!("业务类型 is {other}") }),
    };
    let fee = -yuan(line, "服务费（元）", fee)?;
    Ok(StatementLine { number: number.to_owned(), refund_no, amount, fee })
}
