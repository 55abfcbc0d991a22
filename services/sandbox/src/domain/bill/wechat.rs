//! 微信支付交易账单.

use std::fmt::Write as _;

use liufang_kernel::Fen;

use super::{Movement, sum};

const COLUMNS: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,\
                       应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,\
                       手续费,费率,订单金额,申请退款金额,费率备注";
const SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// The file; values begin with a backtick, so that no table program takes a number for a number.
pub fn text(mchid: &str, movements: &[Movement]) -> String {
    let mut text = format!("\u{feff}{COLUMNS}\r\n");
    for movement in movements {
        let _ = write!(text, "{}\r\n", row(mchid, movement));
    }
    let taken = sum(movements, false, |movement| movement.moved);
    let back = sum(movements, true, |movement| movement.moved);
    let fee: Fen = movements.iter().map(Movement::fee).sum();
    let _ = write!(
        text,
        "{SUMS}\r\n`{},`{taken},`{back},`0.00,`{},`{taken},`{back}\r\n",
        movements.len(),
        five(fee),
        taken = taken.to_yuan(),
        back = back.to_yuan(),
    );
    text
}

fn row(mchid: &str, movement: &Movement) -> String {
    let Movement { number, trade_no, refund_no, at, app, .. } = movement;
    let (moved, fee, at) = (movement.moved.to_yuan(), five(movement.fee()), at.china_text());
    let before = format!("`{at},`{app},`{mchid},`0,`,`{trade_no},`{number},`,`NATIVE");
    match movement.is_refund() {
        false => format!(
            "{before},`SUCCESS,`OTHERS,`CNY,`{moved},`0.00,`0,`0,`0.00,`0.00,`,`,`医药费用,`,`{fee},`0.60%,`{moved},`0.00,`"
        ),
        true => format!(
            "{before},`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5{refund_no},`{refund_no},`{moved},`0.00,`ORIGINAL,`SUCCESS,\
             `医药费用,`,`{fee},`0.60%,`0.00,`{moved},`"
        ),
    }
}

/// Fees have five decimals.
fn five(fee: Fen) -> String {
    format!("{}000", fee.to_yuan())
}
