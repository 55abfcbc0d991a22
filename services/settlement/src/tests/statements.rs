//! Statements of channels: payouts, fees, suspense, three books.

use std::collections::BTreeMap;

use liufang_kernel::Fen;
use liufang_kernel::timestamp::date_text;
use liufang_platform::{Principal, hash};
use sea_orm::ConnectionTrait;

use super::fakes::Fault;
use super::world::*;
use crate::app::claim::ReceivableQuery;
use crate::app::statement::{ImportStatement, StatementResult};
use crate::domain::benefit::OutsideKind;
use crate::domain::payment::{Journal, Payment, PaymentState};
use crate::domain::statement::{StatementFormat, StatementLine, read};
use crate::error::SettlementError;

/// A payment with 6 yuan of cash at least.
async fn pay(town: &Town, order: &str) -> Payment {
    let fees = vec![outside(OutsideKind::Delivery, 600)];
    town.pay(chronic("qhd1", order, &["甲 100 1"], fees)).await
}

async fn cash(town: &Town, order: &str) -> Journal {
    let paid = pay(town, order).await;
    town.app.journal(&paid.payment_id).await.unwrap()
}

fn line(number: &str, refund_no: &str, amount: i64, fee: i64) -> StatementLine {
    StatementLine { number: number.into(), refund_no: refund_no.into(), amount: Fen(amount), fee: Fen(fee) }
}

fn statement(town: &Town, lines: Vec<StatementLine>) -> ImportStatement {
    ImportStatement {
        channel: "wechat".into(),
        fixmedins_code: QHD_SHOP.into(),
        stmt_date: date_text(town.now().china_date()),
        digest: hash::sha256_hex(format!("{lines:?}").as_bytes()),
        lines,
        institution: None,
        shared: false,
    }
}

async fn import(
    town: &Town,
    who: Principal,
    body: ImportStatement,
) -> Result<StatementResult, SettlementError> {
    town.app.import_statement(town.call(who, body)).await
}

async fn balances(town: &Town, accounts: [&str; 4]) -> [i64; 4] {
    let mut found = [0; 4];
    for (balance, account) in found.iter_mut().zip(accounts) {
        *balance = town.balance_of(&format!("{account}:{QHD_SHOP}")).await;
    }
    found
}

const ACCOUNTS: [&str; 4] = ["receivable:channel:wechat", "bank", "fee:wechat", "suspense:wechat"];

async fn channel_owes(town: &Town) -> i64 {
    let query = ReceivableQuery { fixmedins_code: String::new(), debtor: String::new(), size: 50 };
    let rows = town.app.list_receivables(town.call(pos(QHD_SHOP), query)).await.unwrap().rows;
    rows.iter().filter(|row| row.debtor == "wechat").map(|row| row.open.0).sum()
}

#[tokio::test]
async fn what_a_channel_pays_out_closes_what_it_owes() {
    let town = town().await;
    town.credit("qhd1", "130300", 1_000).await;
    let one = cash(&town, "ord1").await;
    let two = pay(&town, "ord2").await;
    let three = cash(&town, "ord3").await;
    town.refund(&two).await;
    let two = town.app.journal(&two.payment_id).await.unwrap();
    let (a, b, c) = (one.cash.0, two.cash.0, three.cash.0);
    assert_eq!(balances(&town, ACCOUNTS).await, [a + c, 0, 0, 0]);

    // one and two agree, three is told with another amount, and one line is nobody's
    let text = format!(
        "number,refund_no,amount_fen,fee_fen\n{},,{a},6\n{},,{b},6\n{},{},-{b},-6\n{},,{},7\nLFstrange,,500,3\nservice,,0,9\n",
        one.channel_order_no,
        two.channel_order_no,
        two.channel_order_no,
        two.refund_no,
        three.channel_order_no,
        c + 1
    );
    let lines = read(StatementFormat::Generic, &text).unwrap();
    let mut body = statement(&town, lines);
    let own = [(&one, "", a), (&two, "", b), (&three, "", c)];
    let own = own.map(|(of, refund, fen)| ((of.channel_order_no.clone(), refund.to_owned()), Fen(fen)));
    body.institution = Some(BTreeMap::from(own));
    assert_eq!(reason(import(&town, pos(BJ_SHOP), body.clone()).await), "CALLER_NOT_ALLOWED");
    let found = import(&town, pos(QHD_SHOP), body.clone()).await.unwrap();
    assert_eq!((found.booked.count, found.booked.amount, found.booked.fee), (3, Fen(a), Fen(6)));
    assert_eq!((found.suspended.count, found.suspended.amount), (2, Fen(c + 1 + 500)));
    let told: Vec<(&str, &str, &str)> = found
        .differences
        .iter()
        .map(|row| (row.with.as_str(), row.result.as_str(), row.number.as_str()))
        .collect();
    let mut expected = vec![
        ("channel", "103", three.channel_order_no.as_str()),
        ("institution", "101", two.channel_order_no.as_str()),
        ("channel", "102", "LFstrange"),
    ];
    expected.sort_by_key(|row| row.2);
    assert_eq!(told, expected, "the pharmacy's own book lacks the refund");
    let suspended = c + 1 + 500;
    let bank = (a - 6) + (suspended - 10) - 9;
    assert_eq!(balances(&town, ACCOUNTS).await, [c, bank, 6 + 10 + 9, -suspended]);
    assert_eq!(channel_owes(&town).await, c);
    town.audit().await;

    // the same again answers as before, another one of that day is refused
    assert_eq!(import(&town, pos(QHD_SHOP), body.clone()).await.unwrap(), found);
    let again = ImportStatement { digest: "other".into(), ..body };
    assert_eq!(reason(import(&town, pos(QHD_SHOP), again).await), "STATEMENT_CHANGED");
    let get = |who| town.app.get_statement(town.call(who, found.statement_id.clone()));
    assert_eq!(get(pos(QHD_SHOP)).await.unwrap(), found);
    assert_eq!(reason(get(pos(BJ_SHOP)).await), "STATEMENT_NOT_FOUND");
    assert_eq!(balances(&town, ACCOUNTS).await[1], bank);

    // the next day: a line that was told before is refused, and what can be named now is
    town.world.clock.advance_seconds(86_400);
    let before = statement(&town, vec![line(&one.channel_order_no, "", a, 6)]);
    assert_eq!(reason(import(&town, pos(QHD_SHOP), before).await), "STATEMENT_LINE_REPEATED");
    let late = cash(&town, "late").await;
    let work = town.world.deps.db.begin_step().await.unwrap();
    for renamed in [
        format!("UPDATE payment SET channel_order_no = 'LFstrange' WHERE payment_id = '{}'", late.payment_id),
        format!(
            "UPDATE receivable SET amount_fen = 500 WHERE payment_id = '{}' AND debtor_kind = 'channel'",
            late.payment_id
        ),
    ] {
        work.tx().execute_unprepared(&renamed).await.unwrap();
    }
    work.done().await.unwrap();
    let empty = statement(&town, vec![line("fee-of-the-month", "", 0, 1)]);
    let next = import(&town, pos(QHD_SHOP), empty).await.unwrap();
    assert_eq!((next.cleared, next.cleared_fen, next.fees.fee), (1, Fen(500), Fen(1)));
    assert_eq!(balances(&town, ACCOUNTS).await[3], -(c + 1), "the strange line has a name now");
    assert_eq!(channel_owes(&town).await, c);
}

/// The insurer refused, so the cash went back: the statement has both, and our books never had either.
#[tokio::test]
async fn a_payment_that_failed_after_the_cash_is_nothing_in_a_statement() {
    let town = town().await;
    town.credit("qhd1", "130300", 1_000).await;
    town.fakes.dial("settle", [Fault::Refuse]);
    let failed = cash(&town, "ord1").await;
    assert_eq!(failed.state, PaymentState::Failed);
    let cash = failed.cash.0;
    let lines = vec![
        line(&failed.channel_order_no, "", cash, 4),
        line(&failed.channel_order_no, &failed.refund_no, -cash, 0),
    ];
    let found = import(&town, pos(QHD_SHOP), statement(&town, lines)).await.unwrap();
    assert_eq!((found.all_differences, found.suspended.count, found.booked.count), (0, 0, 0));
    assert_eq!((found.returned.count, found.returned.amount, found.returned.fee), (2, Fen(0), Fen(4)));
    assert_eq!(balances(&town, ACCOUNTS).await, [0, -4, 4, 0], "the channel kept its fee");
    town.audit().await;
}

#[tokio::test]
async fn a_statement_of_tomorrow_is_not_taken() {
    let town = town().await;
    let mut body = statement(&town, vec![]);
    body.stmt_date = date_text(town.now().china_date().next_day().unwrap());
    assert!(matches!(import(&town, pos(QHD_SHOP), body).await, Err(SettlementError::Invalid(_))));
}
