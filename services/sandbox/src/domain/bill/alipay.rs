//! 支付宝业务明细 and its 汇总. The channel packs both as GBK into one archive.

use std::fmt::Write as _;

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Date, Fen};

use super::{Movement, sum};

const COLUMNS: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,\
                       订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,\
                       券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
const SUMS: &str = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,\
                    卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";
const LINE: &str = "-----------------------------------------";

fn head(of: &str, account: &str, day: Date) -> String {
    let next = day.next_day().unwrap_or(day);
    let (begin, end) = (date_text(day), date_text(next));
    format!(
        "#支付宝业务{of}查询\n#账号：[{account}]\n#起始日期：[{begin} 00:00:00]   终止日期：[{end} 00:00:00]\n\
         #{LINE}业务{of}列表{LINE}\n"
    )
}

/// Every payment and refund; a fee that is taken is negative.
pub fn details(account: &str, day: Date, movements: &[Movement]) -> String {
    let mut text = format!("{}{COLUMNS}\n", head("明细", account, day));
    for movement in movements {
        let Movement { number, trade_no, refund_no, at, .. } = movement;
        let kind = if movement.is_refund() { "退款" } else { "交易" };
        let (amount, fee) = (movement.amount().to_yuan(), (-movement.fee()).to_yuan());
        let at = at.china_text();
        let _ = writeln!(
            text,
            "{trade_no}\t,{number}\t,{kind},医药费用,{at},{at},,,,,,{amount},{amount},0.00,0.00,0.00,0.00,0.00,,0.00,0.00,\
             {refund_no}\t,{fee},0.00,"
        );
    }
    let _ = writeln!(text, "#{LINE}业务明细列表结束{LINE}");
    for (of, refunds, what) in [("交易", false, "商家实收"), ("退款", true, "商家实收退款")] {
        let count = movements.iter().filter(|movement| movement.is_refund() == refunds).count();
        let amount = sum(movements, refunds, Movement::amount).to_yuan();
        let _ = writeln!(text, "#{of}合计：{count}笔，{what}共{amount}元，商家优惠共0.00元");
    }
    text
}

/// One line of sums.
pub fn summary(account: &str, day: Date, movements: &[Movement]) -> String {
    let count = |refunds: bool| movements.iter().filter(|movement| movement.is_refund() == refunds).count();
    let amount: Fen = movements.iter().map(Movement::amount).sum();
    let fee: Fen = movements.iter().map(Movement::fee).sum();
    let (net, amount, fee) = ((amount - fee).to_yuan(), amount.to_yuan(), (-fee).to_yuan());
    format!(
        "{}{SUMS}\n合计,,{},{},{amount},{amount},0.00,0.00,0.00,{fee},0.00,{net}\n#{LINE}业务汇总列表结束{LINE}\n",
        head("汇总", account, day),
        count(false),
        count(true),
    )
}
