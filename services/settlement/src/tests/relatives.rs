//! A relative's account: who used it and whose it was stand in the statements of the two, and nowhere else.

use liufang_kernel::Quantity;

use super::world::*;
use crate::app::account::{HoldQuery, StatementPage, StatementQuery};
use crate::app::refund::RefundPart;
use crate::domain::payment::PaymentState;
use crate::domain::refund::Returned;

async fn statement(town: &Town, person: &str, before: i64, size: i64) -> StatementPage {
    let query = StatementQuery { before, size };
    town.app.list_statement(town.call(patient(person), query)).await.unwrap()
}

/// Kind, amount, balance, aid, the other and whether it was for a relative; newest first.
async fn told(town: &Town, person: &str) -> Vec<(String, i64, i64, i64, String, bool)> {
    let rows = statement(town, person, i64::MAX, 50).await.rows.into_iter();
    rows.map(|row| (row.kind, row.amount.0, row.balance.0, row.aid.0, row.other_person_id, row.for_relative))
        .collect()
}

fn row(
    kind: &str,
    amount: i64,
    balance: i64,
    aid: i64,
    other: &str,
    lent: bool,
) -> (String, i64, i64, i64, String, bool) {
    (kind.into(), amount, balance, aid, other.into(), lent)
}

#[tokio::test]
async fn both_sides_read_a_relatives_use_and_what_came_back() {
    let town = town().await;
    town.credit("bj1", "110000", 2_000).await;
    town.credit("bjrel", "110000", 9_000).await;
    let paid = town.pay(otc("bj1", "ord1", &["甲 30 2"], &["bjrel"], vec![])).await;
    town.pay(otc("bj1", "ord2", &["甲 10 1"], &["bjrel"], vec![])).await;
    let lent = [row("capture", -1_000, 4_000, 0, "bj1", true), row("capture", -4_000, 5_000, 0, "bj1", true)];
    let opened = row("credit", 9_000, 9_000, 0, "", false);
    assert_eq!(told(&town, "bjrel").await, [&lent[..], &[opened]].concat());
    let borrowed = [
        row("capture", 0, 0, -1_000, "bjrel", false),
        row("capture", 0, 0, -4_000, "bjrel", false),
        row("capture", -2_000, 0, 0, "", false),
        row("credit", 2_000, 2_000, 0, "", false),
    ];
    assert_eq!(told(&town, "bj1").await, borrowed);

    // the way back, told in the same words
    assert_eq!(town.refund(&paid).await.state, PaymentState::Refunded);
    assert_eq!(told(&town, "bjrel").await[0], row("refund", 4_000, 8_000, 0, "bj1", true));
    let back = [row("refund", 0, 2_000, 4_000, "bjrel", false), row("refund", 2_000, 2_000, 0, "", false)];
    assert_eq!(told(&town, "bj1").await[..2], back);

    // names are masked by identity, and asked for those on the page alone
    let page = statement(&town, "bj1", i64::MAX, 2).await;
    assert_eq!(page.names.into_iter().collect::<Vec<_>>(), [("bjrel".to_owned(), "bjrel*".to_owned())]);
    // a third person reads nothing of it
    assert!(told(&town, "bj2").await.is_empty());

    // pages meet without a gap, and the balance runs through lines that move nothing
    let (mut before, mut rows) = (i64::MAX, Vec::new());
    loop {
        let page = statement(&town, "bj1", before, 2).await;
        rows.extend(page.rows);
        let Some(next) = page.next else { break };
        before = next;
    }
    assert_eq!(rows.len(), 6);
    for pair in rows.windows(2) {
        assert!(pair[0].sequence > pair[1].sequence);
        assert_eq!(pair[0].balance, pair[1].balance + pair[0].amount);
    }
    town.audit().await;
}

#[tokio::test]
async fn somebody_without_an_account_reads_whose_account_paid() {
    let town = town().await;
    town.credit("bjrel1", "110000", 3_000).await;
    town.credit("bjrel2", "110000", 9_000).await;
    let quote = town.quote(otc("bj1", "ord1", &["甲 30 2"], &["bjrel1", "bjrel2"], vec![])).await;
    let held = town.authorise(&quote).await;
    // while it is held, the holder knows for whom
    let query = HoldQuery { after: String::new(), size: 10 };
    let holds = town.app.list_holds(town.call(patient("bjrel1"), query)).await.unwrap();
    assert_eq!((holds.holds[0].other_person_id.as_str(), holds.names["bj1"].as_str()), ("bj1", "bj1*"));
    let paid = town.capture(&held).await;
    let twice =
        [row("capture", 0, 0, -3_000, "bjrel2", false), row("capture", 0, 0, -3_000, "bjrel1", false)];
    assert_eq!(told(&town, "bj1").await, twice);
    let part = RefundPart {
        payment_id: paid.payment_id.clone(),
        reason: "RETURNED".into(),
        returned: Returned { lines: vec![(1, Quantity(10_000))], outside: vec![] },
    };
    let (returned, _) = town.app.refund_part(town.call(order(), part)).await.unwrap();
    assert_eq!(returned.state, PaymentState::Captured);
    let aid: i64 = told(&town, "bj1").await.iter().map(|row| row.3).sum();
    assert_eq!(aid, -3_000, "as much as the goods that stay");
    town.audit().await;
}

#[tokio::test]
async fn a_statement_comes_without_names_while_identity_is_silent() {
    let town = town().await;
    town.credit("bjrel", "110000", 9_000).await;
    town.pay(otc("bjmute", "ord1", &["甲 30 2"], &["bjrel"], vec![])).await;
    let page = statement(&town, "bjmute", i64::MAX, 50).await;
    assert_eq!((page.rows.len(), page.names.len()), (1, 0));
}
