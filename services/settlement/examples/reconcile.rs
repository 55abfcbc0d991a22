//! Measures reconciliation: a channel's trade bill of many lines is read, and three books are compared line by line, on one core.
//! Argument: lines (1,000,000). Reading our own rows from a database is not part of it. `scripts/bench.sh` runs it from a release
//! build.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use liufang_kernel::Fen;
use liufang_settlement::domain::reconcile::{Kind, Line, reconcile};
use liufang_settlement::domain::statement::{StatementFormat, StatementLine, read};

/// Asked for a million lines.
const ASKED: Duration = Duration::from_secs(20);
/// Every so many lines a book lacks one, or says something else.
const ODD: u64 = 10_000;

fn main() {
    let lines: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let bill = bill(lines);
    let own: Vec<_> = (0..lines).filter(|n| n % ODD != 1).map(|n| line(n, u64::from(n % ODD == 2))).collect();
    let theirs: Vec<_> = (0..lines).filter(|n| n % ODD != 3).map(|n| line(n, 0)).collect();
    let started = Instant::now();
    let told = read(StatementFormat::Wechat, &bill).unwrap();
    let read = started.elapsed();
    let keyed = |line: StatementLine| Line { key: (line.number, line.refund_no), says: line.amount };
    let outcome =
        reconcile(Some(told.into_iter().map(keyed)), own.into_iter(), Some(theirs.into_iter())).unwrap();
    let all = started.elapsed();
    println!(
        "# a channel's bill of {lines} lines read and compared with our book and the pharmacy's, one core"
    );
    println!(
        "# ({} agree; {} we have more, {} they have more, {} amounts differ)",
        outcome.agreed,
        outcome.count(Kind::OwnHasMore),
        outcome.count(Kind::OtherHasMore),
        outcome.count(Kind::AmountsDiffer)
    );
    println!(
        "seconds {:.2} (reading {:.2})  asked for a million: {}",
        all.as_secs_f64(),
        read.as_secs_f64(),
        ASKED.as_secs()
    );
    assert!(lines > 1_000_000 || all <= ASKED, "slower than asked");
}

fn number(n: u64) -> String {
    format!("LF{n:020}")
}

fn line(n: u64, more: u64) -> Line<(String, String), Fen> {
    let fen = i64::try_from(n % 100_000 + 1 + more).unwrap();
    Line { key: (number(n), String::new()), says: Fen(fen) }
}

/// A trade bill as WeChat Pay writes it, newest first.
fn bill(lines: u64) -> String {
    let mut text = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,\
                    应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,\
                    手续费,费率,订单金额,申请退款金额,费率备注\n"
        .to_owned();
    let mut sum = 0;
    for n in (0..lines).rev() {
        let fen = n % 100_000 + 1;
        sum += fen;
        let yuan = format!("{}.{:02}", fen / 100, fen % 100);
        writeln!(
            text,
            "`2026-11-22 10:00:00,`wx1,`1900000001,`0,`,`42{n:018},`{},`o-1,`JSAPI,`SUCCESS,`OTHERS,`CNY,`{yuan},`0.00,\
             `0,`0,`0.00,`0.00,`,`,`药品,`,`0.00000,`0.60%,`{yuan},`0.00,`",
            number(n)
        )
        .unwrap();
    }
    text.push_str(
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n",
    );
    let yuan = format!("{}.{:02}", sum / 100, sum % 100);
    writeln!(text, "`{lines},`{yuan},`0.00,`0.00,`0.00000,`{yuan},`0.00").unwrap();
    text
}
