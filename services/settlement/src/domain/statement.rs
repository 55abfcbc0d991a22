//! The statement of a payment channel 渠道对账单 for a day: what it says it took, gave back and kept, whatever its format.
//!
//! Readers are pure: text in, lines out, or the first line that cannot be read. A line names our number of the payment
//! (商户订单号), never a person: buyers' accounts and the goods' names are not read.

mod alipay;
mod generic;
mod table;
mod wechat;

use std::fmt;

use liufang_kernel::Fen;
use serde::{Deserialize, Serialize};

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// Our number of the payment at the channel.
    pub number: String,
    /// Our number of the refund; empty on a payment.
    pub refund_no: String,
    /// Taken, or negative: given back.
    pub amount: Fen,
    /// Kept for the service; negative when a refund gives some of it back.
    pub fee: Fen,
}

impl StatementLine {
    /// By what a line is known; a statement has each once.
    pub fn key(&self) -> (&str, &str) {
        (&self.number, &self.refund_no)
    }
}

/// In which form a channel tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementFormat {
    /// 微信支付交易账单, `/v3/bill/tradebill`, bill type ALL.
    Wechat,
    /// 支付宝业务明细, bill type `trade`, as UTF-8.
    Alipay,
    /// CSV with `number,refund_no,amount_fen,fee_fen`.
    Generic,
}

/// A statement that cannot be taken, with the line it fails at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Unreadable {
    /// From 1; 0 for the statement as a whole.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

/// Reads a statement, in the order of its keys.
///
/// # Errors
/// A column is missing, a value cannot be read, the sums at its end do not fit, or a line stands in it twice.
pub fn read(format: StatementFormat, text: &str) -> Result<Vec<StatementLine>, Unreadable> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = match format {
        StatementFormat::Wechat => wechat::read(text),
        StatementFormat::Alipay => alipay::read(text),
        StatementFormat::Generic => generic::read(text),
    }?;
    lines.sort_by(|one, other| one.key().cmp(&other.key()));
    match lines.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
        Some(pair) => {
            let (number, refund_no) = pair[0].key();
            Err(Unreadable { line: 0, what: format!("{number} {refund_no} stands in it twice") })
        }
        None => Ok(lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: &str, refund_no: &str, amount: i64, fee: i64) -> StatementLine {
        StatementLine {
            number: number.into(),
            refund_no: refund_no.into(),
            amount: Fen(amount),
            fee: Fen(fee),
        }
    }

    fn said(format: StatementFormat, text: &str) -> String {
        read(format, text).unwrap_err().to_string()
    }

    /// The columns of the trade bill as published in 2023; `extra` follows the rows.
    fn wechat(rows: &[[&str; 8]], summary: &str) -> String {
        let head = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,\
                    应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,\
                    手续费,费率,订单金额,申请退款金额,费率备注";
        let mut text = format!("\u{feff}{head}\r\n");
        for [number, state, settled, refund_no, refunded, fee, total, asked] in rows {
            let row = format!(
                "`2026-11-22 10:00:00,`wx1,`1900000001,`0,`,`4200000001,`{number},`o-1,`JSAPI,`{state},`OTHERS,`CNY,\
                 `{settled},`0.00,`0,`{refund_no},`{refunded},`0.00,`ORIGINAL,`SUCCESS,`药品,配送,`,`{fee},`0.60%,\
                 `{total},`{asked},`"
            );
            text.push_str(&format!("{row}\r\n"));
        }
        text.push_str("总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n");
        text.push_str(&format!("{summary}\r\n"));
        text
    }

    const PAID: [&str; 8] = ["LF2", "SUCCESS", "76.56", "0", "0.00", "0.46000", "76.56", "0.00"];
    const REFUNDED: [&str; 8] = ["LF1", "REFUND", "0.00", "RF1", "30.00", "-0.18000", "0.00", "30.00"];

    #[test]
    fn wechat_says_what_it_took_and_kept() {
        let text = wechat(&[PAID, REFUNDED], "`2,`76.56,`30.00,`0.00,`0.28000,`76.56,`30.00");
        let lines = read(StatementFormat::Wechat, &text).unwrap();
        assert_eq!(lines, [line("LF1", "RF1", -3_000, -18), line("LF2", "", 7_656, 46)]);
    }

    #[test]
    fn fees_are_whole_fen() {
        for (told, fee) in [("0.46499", 46), ("0.46500", 47), ("-0.18500", -19), ("0", 0), ("1.2", 120)] {
            let row = [PAID[0], PAID[1], PAID[2], PAID[3], PAID[4], told, PAID[6], PAID[7]];
            let lines =
                read(StatementFormat::Wechat, &wechat(&[row], "`1,`76.56,`0.00,`0,`0,`0,`0")).unwrap();
            assert_eq!(lines[0].fee, Fen(fee), "{told}");
        }
    }

    #[test]
    fn wechat_is_held_to_its_own_sums() {
        let of = |rows: &[[&str; 8]], summary: &str| said(StatementFormat::Wechat, &wechat(rows, summary));
        let cut = of(&[PAID], "`2,`76.56,`30.00,`0.00,`0.28,`76.56,`30.00");
        assert_eq!(cut, "it says it has 2 lines and has 1");
        let wrong = of(&[PAID], "`1,`76.57,`0.00,`0.00,`0.46,`76.57,`0.00");
        assert_eq!(wrong, "it says it took 76.57 and its lines say 76.56");
        let back = of(&[REFUNDED], "`1,`0.00,`31.00,`0.00,`-0.18,`0.00,`31.00");
        assert_eq!(back, "it says it gave back 31.00 and its lines say 30.00");
        let whole = wechat(&[PAID], "");
        let cut = whole.split("总交易单数").next().unwrap();
        assert_eq!(said(StatementFormat::Wechat, cut), "it has no sums: a part of it is missing");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let mut odd = PAID;
        odd[1] = "REVOKED";
        let summary = "`1,`76.56,`0.00,`0.00,`0.46,`76.56,`0.00";
        let found = said(StatementFormat::Wechat, &wechat(&[odd], summary));
        assert_eq!(found, "line 2: 交易状态 is REVOKED");
        odd = PAID;
        odd[2] = "76.565";
        let found = said(StatementFormat::Wechat, &wechat(&[odd], summary));
        assert_eq!(found, "line 2: 应结订单金额 is 76.565, no amount in yuan");
        let found =
            said(StatementFormat::Wechat, &wechat(&[PAID, PAID], "`2,`153.12,`0,`0,`0.92,`153.12,`0"));
        assert_eq!(found, "LF2  stands in it twice");
        assert_eq!(said(StatementFormat::Alipay, ""), "the header lacks 商户订单号");
        assert_eq!(said(StatementFormat::Generic, "number,amount_fen\nx,1\n"), "the header lacks refund_no");
    }

    fn alipay(rows: &[[&str; 5]], end: &str) -> String {
        let mut text = "#支付宝业务明细查询\n#账号：[2088000000000000]\n\
                        #-----------------------------------------业务明细列表----------------------------------------\n\
                        支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,\
                        订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,\
                        券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注\n"
            .to_owned();
        for [number, kind, received, refund_no, fee] in rows {
            text.push_str(&format!(
                "2026112222001\t,{number}\t,{kind},药品,配送,2026-11-22 10:00:00,2026-11-22 10:00:30,,,,,x***@example.com,\
                 {received},{received},0.00,0.00,0.00,0.00,0.00,,0.00,0.00,{refund_no}\t,{fee},0.00,\n"
            ));
        }
        text.push_str("#-----------------------------------------业务明细列表结束------------------------------------\n");
        text.push_str(end);
        text
    }

    #[test]
    fn alipay_says_what_it_took_and_kept() {
        let rows = [["LF2", "交易", "76.56", "", "-0.46"], ["LF1", "退款", "-30.00", "RF1", "0.18"]];
        let text = alipay(
            &rows,
            "#交易合计：1笔，商家实收共76.56元，商家优惠共0.00元\n#导出时间：[2026年11月23日]\n",
        );
        let lines = read(StatementFormat::Alipay, &text).unwrap();
        assert_eq!(lines, [line("LF1", "RF1", -3_000, -18), line("LF2", "", 7_656, 46)]);
        let cut: String = text.lines().filter(|line| !line.contains("结束")).collect::<Vec<_>>().join("\n");
        assert_eq!(said(StatementFormat::Alipay, &cut), "its list has no end: a part of it is missing");
        let odd = alipay(&[["LF2", "转账", "1.00", "", "0"]], "");
        assert_eq!(said(StatementFormat::Alipay, &odd), "line 5: 业务类型 is 转账");
    }

    #[test]
    fn the_generic_form_is_in_fen() {
        let text = "number,refund_no,amount_fen,fee_fen\nLF2,,7656,46\n\nLF1,RF1,-3000,-18\n";
        let lines = read(StatementFormat::Generic, text).unwrap();
        assert_eq!(lines, [line("LF1", "RF1", -3_000, -18), line("LF2", "", 7_656, 46)]);
        let sign = said(StatementFormat::Generic, "number,refund_no,amount_fen,fee_fen\nLF1,RF1,3000,0\n");
        assert_eq!(sign, "line 2: a refund is negative, a payment positive");
        let point = said(StatementFormat::Generic, "number,refund_no,amount_fen,fee_fen\nLF1,,30.5,0\n");
        assert_eq!(point, "line 2: amount_fen is 30.5, no amount in fen");
    }
}
