//! Periods of 3201, details of 3202, ages of receivables, holds.

use liufang_kernel::Fen;
use liufang_kernel::timestamp::date_text;

use super::world::*;
use crate::app::account::HoldQuery;
use crate::app::claim::{ReceivableQuery, TotalsQuery};
use crate::app::reconcile::{CompareTotals, Upload, Uploaded};
use crate::domain::benefit::OutsideKind;
use crate::domain::claim::DayTotals;
use crate::domain::reconcile::Line;
use crate::error::SettlementError;
use crate::store;
use crate::store::reconcile::{DetailAmounts, DetailKey, DetailRow};

const DAY: i64 = 86_400;

async fn totals(town: &Town, begin: &str, end: &str) -> DayTotals {
    let query =
        TotalsQuery { stmt_date: begin.into(), stmt_enddate: end.into(), fixmedins_code: String::new() };
    town.app.daily_totals(town.call(pos(QHD_SHOP), query)).await.unwrap().remove(0).totals
}

fn sums(totals: &DayTotals, refund: bool) -> (i64, i64) {
    let of = totals.iter().filter(|(key, _)| key.refund == refund).map(|(_, amounts)| amounts);
    of.fold((0, 0), |(count, fen), amounts| (count + amounts.count, fen + amounts.medical.0))
}

#[tokio::test]
async fn a_refund_of_the_next_month_leaves_the_month_as_it_was() {
    let town = town().await;
    town.credit("qhd1", "130300", 100_000).await;
    let mut november = Vec::new();
    let today = || date_text(town.now().china_date());
    assert!(today().starts_with("2026-11"));
    while today().as_str() < "2026-12-01" {
        let order = format!("ord{}", november.len());
        november.push(town.pay(chronic("qhd1", &order, &["甲 10 1"], vec![])).await);
        town.world.clock.advance_seconds(DAY);
    }
    let count = i64::try_from(november.len()).unwrap();
    assert_eq!(today(), "2026-12-01");
    let month = totals(&town, "2026-11-01", "2026-11-30").await;
    assert_eq!(sums(&month, false), (count, count * 1_000));
    town.refund(&november[0]).await;
    town.pay(chronic("qhd1", "late", &["甲 10 1"], vec![])).await;
    assert_eq!(totals(&town, "2026-11-01", "2026-11-30").await, month, "the month stays closed");
    let next = totals(&town, "2026-12-01", "2026-12-31").await;
    assert_eq!((sums(&next, false), sums(&next, true)), ((1, 1_000), (1, -1_000)));
    let both = totals(&town, "2026-11-30", "2026-12-01").await;
    assert_eq!((sums(&both, false), sums(&both, true)), ((2, 2_000), (1, -1_000)));

    let compare = |totals: DayTotals| {
        let body = CompareTotals { days: ("2026-12-01".into(), "2026-12-31".into()), totals };
        town.app.compare_totals(town.call(pos(QHD_SHOP), body))
    };
    let flat = compare(next.clone()).await.unwrap();
    assert!(flat.len() == 2 && flat.iter().all(|result| result.differences.is_empty()), "{flat:?}");
    let mut wrong = next;
    wrong.retain(|key, _| !key.refund);
    let found = compare(wrong).await.unwrap();
    let told: Vec<(bool, bool)> =
        found.iter().map(|result| (result.key.refund, result.differences.is_empty())).collect();
    assert_eq!(told, [(false, true), (true, false)]);
    assert!(found[1].differences[0].starts_with("101"), "{found:?}");
}

fn row(msgid: &str, refund: bool, medical: i64) -> DetailRow {
    let says = DetailAmounts { medical: Fen(medical), fund: Fen::ZERO, account: Fen(medical) };
    DetailRow { setl_id: String::new(), line: Line { key: DetailKey { msgid: msgid.into(), refund }, says } }
}

async fn upload(town: &Town, file: &str, rows: Vec<DetailRow>) -> Result<Uploaded, SettlementError> {
    let today = date_text(town.now().china_date());
    let body = Upload { file: file.into(), days: (today.clone(), today), rows };
    town.app.upload_details(town.call(pos(QHD_SHOP), body)).await
}

#[tokio::test]
async fn every_row_of_a_file_is_compared_by_its_message() {
    let town = town().await;
    town.credit("qhd1", "130300", 100_000).await;
    let mut messages = Vec::new();
    for n in 0..3 {
        let paid = town.pay(chronic("qhd1", &format!("ord{n}"), &["甲 10 1"], vec![])).await;
        messages.push(town.app.journal(&paid.payment_id).await.unwrap().msgid);
    }
    let back = town.pay(chronic("qhd1", "back", &["甲 10 1"], vec![])).await;
    town.refund(&back).await;
    let back = town.app.journal(&back.payment_id).await.unwrap();

    // the second is not in the file, the third says something else, and one is unknown to us
    let today = date_text(town.now().china_date());
    let agrees = store::reconcile::ours(town.world.deps.db.read(), QHD_SHOP, &today).await.unwrap();
    assert_eq!(agrees.len(), 5, "a refund is a row of its own");
    let agrees = |msgid: &str| agrees.iter().find(|row| row.line.key.msgid == msgid).cloned().unwrap();
    let first = upload(&town, "", vec![agrees(&messages[0]), row(&messages[2], false, 1)]).await.unwrap();
    let file = first.file.clone();
    assert_eq!(reason(upload(&town, &file, vec![agrees(&messages[0])]).await), "DETAIL_ROW_REPEATED");
    let rest = vec![agrees(&back.msgid), agrees(&back.reverse_msgid), row("strange", false, 5)];
    assert_eq!(upload(&town, &file, rest).await.unwrap().rows, 5);

    let compare = |who: &str| town.app.compare_details(town.call(pos(who), file.clone()));
    let look = town.call(pos(QHD_SHOP), file.clone());
    assert_eq!(reason(town.app.compared_file(&look).await), "DETAIL_FILE_NOT_COMPARED");
    assert_eq!(reason(compare(BJ_SHOP).await), "DETAIL_FILE_NOT_FOUND");
    let found = compare(QHD_SHOP).await.unwrap();
    let counts = (found.agreed, found.centre_more, found.institution_more, found.amounts_differ);
    assert_eq!(counts, (3, 1, 1, 1));
    // the result stands: what is paid afterwards does not change it
    town.pay(chronic("qhd1", "later", &["甲 10 1"], vec![])).await;
    assert_eq!(compare(QHD_SHOP).await.unwrap().centre_more, 1);
    assert_eq!(reason(upload(&town, &file, vec![row("more", false, 1)]).await), "DETAIL_FILE_COMPARED");

    town.app.compared_file(&look).await.unwrap();
    let mut told: Vec<(String, &str, Option<i64>)> = Vec::new();
    for (line, (_, row)) in town.app.differences(&file, -1).await.unwrap() {
        assert_eq!(line, i64::try_from(told.len()).unwrap());
        let theirs = row.theirs.map(|amounts| amounts.medical.0);
        told.push((row.key.msgid.clone(), row.kind().stmt_rslt(), theirs));
    }
    let mut expected = vec![
        (messages[1].clone(), "101", None),
        (messages[2].clone(), "103", Some(1)),
        ("strange".to_owned(), "102", Some(5)),
    ];
    expected.sort();
    assert_eq!(told, expected);
    assert!(town.app.differences(&file, 2).await.unwrap().is_empty());

    town.world.clock.advance_seconds(7 * DAY);
    let late = town.call(pos(QHD_SHOP), file.clone());
    assert_eq!(reason(town.app.compared_file(&late).await), "DETAIL_FILE_NOT_FOUND", "kept for seven days");
    town.world.clock.advance_seconds(1);
    upload(&town, "", vec![row("new", false, 1)]).await.unwrap();
    assert!(town.app.differences(&file, -1).await.unwrap().is_empty(), "what has expired is forgotten");
}

#[tokio::test]
async fn receivables_age() {
    let town = town().await;
    town.credit("qhd1", "130300", 100_000).await;
    let fees = || vec![outside(OutsideKind::Delivery, 600)];
    town.pay(chronic("qhd1", "old", &["甲 10 1"], fees())).await;
    let page = |after: (&str, &str), size| {
        let query = ReceivableQuery { fixmedins_code: after.0.into(), debtor: after.1.into(), size };
        town.app.list_receivables(town.call(pos(QHD_SHOP), query))
    };
    for (days, bucket) in [(30, 0), (1, 1), (29, 1), (1, 2), (29, 2), (1, 3), (300, 3)] {
        town.world.clock.advance_seconds(days * DAY);
        for row in page(("", ""), 50).await.unwrap().rows {
            let mut ages = [Fen::ZERO; 4];
            ages[bucket] = row.open;
            assert_eq!(row.ages, ages, "{} after {days} more days", row.debtor);
        }
    }
    town.pay(chronic("qhd1", "new", &["甲 10 1"], fees())).await;
    let first = page(("", ""), 1).await.unwrap();
    assert!(first.more && first.rows.len() == 1);
    let row = &first.rows[0];
    assert_eq!(row.debtor, "130300");
    assert!(row.ages[0] > Fen::ZERO && row.ages[3] > Fen::ZERO && row.ages[1] == Fen::ZERO, "{row:?}");
    let second = page((QHD_SHOP, "130300"), 1).await.unwrap();
    assert!(!second.more && second.rows[0].debtor == "wechat", "{second:?}");
    assert_eq!(second.rows[0].ages[0], second.rows[0].ages[3]);
    // an agency sees what it owes, and nothing of the channels
    let query = ReceivableQuery { fixmedins_code: String::new(), debtor: String::new(), size: 50 };
    let seen = town.app.list_receivables(town.call(agency("130300"), query.clone())).await.unwrap().rows;
    assert_eq!(seen.iter().map(|row| row.debtor.as_str()).collect::<Vec<_>>(), ["130300"]);
    assert!(town.app.list_receivables(town.call(agency("110000"), query)).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn holds_are_listed_to_the_one_whose_account_it_is() {
    let town = town().await;
    town.credit("qhd1", "130300", 100_000).await;
    let mut orders = Vec::new();
    for n in 0..3 {
        let quote = town.quote(chronic("qhd1", &format!("ord{n}"), &["甲 10 1"], vec![])).await;
        town.authorise(&quote).await;
        orders.push(quote.order_id);
    }
    let page = |who: &str, after: &str| {
        let query = HoldQuery { after: after.into(), size: 2 };
        town.app.list_holds(town.call(patient(who), query))
    };
    let first = page("qhd1", "").await.unwrap();
    assert!(first.more && first.holds.len() == 2);
    let second = page("qhd1", &first.holds[1].hold_id).await.unwrap();
    assert!(!second.more);
    let mut all: Vec<_> = first.holds.into_iter().chain(second.holds).collect();
    let held: i64 = all.iter().map(|hold| hold.amount.0).sum();
    assert_eq!(town.account("qhd1").await.1, held);
    all.sort_by(|one, other| one.order_id.cmp(&other.order_id));
    assert_eq!(all.iter().map(|hold| &hold.order_id).collect::<Vec<_>>(), orders.iter().collect::<Vec<_>>());
    assert!(all.iter().all(|hold| !hold.for_relative && hold.expires_at > town.now()));
    assert!(page("qhd2", "").await.unwrap().holds.is_empty());
}
