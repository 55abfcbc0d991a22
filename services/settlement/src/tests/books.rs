//! Credits, statements, closing a day, claims, the audit.

use liufang_kernel::Fen;
use liufang_kernel::timestamp::date_text;
use liufang_platform::Principal;
use sea_orm::ConnectionTrait;

use super::fakes::Fault;
use super::world::*;
use crate::app::account::{Credit, StatementQuery};
use crate::app::claim::{CloseDay, PayClaim, Receivable, ReceivableQuery, Review, TotalsQuery};
use crate::app::ledger::TransferQuery;
use crate::domain::claim::{ClaimState, DayTotals};

fn credit(key: &str, fen: i64) -> Credit {
    Credit {
        row_key: key.into(),
        person_id: "qhd1".into(),
        amount: Fen(fen),
        region: "130300".into(),
        kind: "annual".into(),
        problem: None,
    }
}

#[tokio::test]
async fn credits_are_taken_once_by_row_key() {
    let town = town().await;
    let batch = vec![credit("a", 100), credit("b", 200), credit("a", 100), credit("a", 999)];
    let first = town.app.credit_accounts(town.call(order(), batch.clone())).await.unwrap();
    assert_eq!((first.taken, first.known, first.refused.len()), (2, 1, 1));
    assert_eq!((first.refused[0].row, first.refused[0].reason.as_str()), (3, "ROW_KEY_REUSED"));
    let again = town.app.credit_accounts(town.call(order(), batch)).await.unwrap();
    assert_eq!((again.taken, again.known), (0, 3));
    assert_eq!(town.account("qhd1").await, (300, 0));
    let mut strange = credit("c", 1);
    strange.region = "999999".into();
    let third = town.app.credit_accounts(town.call(order(), vec![strange])).await.unwrap();
    assert_eq!((third.taken, third.refused.len()), (0, 1));
    town.audit().await;
}

#[tokio::test]
async fn a_closing_pays_out_what_is_free_and_no_more() {
    let town = town().await;
    let closing = |key: &str, fen: i64| Credit { kind: "closing".into(), ..credit(key, -fen) };
    town.credit("qhd1", "130300", 60_000).await;
    let quote = town.quote(chronic("qhd1", "ord1", &["甲 100 1"], vec![])).await;
    let held = town.authorise(&quote).await;
    let (balance, on_hold) = town.account("qhd1").await;
    assert!(0 < on_hold);
    let batch = |rows| town.app.credit_accounts(town.call(order(), rows));
    let refused = batch(vec![closing("out", balance)]).await.unwrap();
    assert_eq!((refused.taken, refused.refused[0].reason.as_str()), (0, "INSUFFICIENT_BALANCE"));
    let void = town.keyed(order(), "void-it", held.payment_id.clone());
    town.app.void(void).await.unwrap();
    for (taken, known) in [(1, 0), (0, 1)] {
        let done = batch(vec![closing("out", balance)]).await.unwrap();
        assert_eq!((done.taken, done.known, done.refused.len()), (taken, known, 0));
    }
    let nobody = Credit { person_id: "qhd9".into(), ..closing("none", 1) };
    assert_eq!(batch(vec![nobody]).await.unwrap().refused.len(), 1);
    assert_eq!((town.account("qhd1").await, town.balance_of("person:qhd1").await), ((0, 0), 0));
    let first = StatementQuery { before: i64::MAX, size: 1 };
    let told = town.app.list_statement(town.call(patient("qhd1"), first)).await.unwrap();
    assert_eq!((told.rows[0].kind.as_str(), told.rows[0].amount.0), ("closing", -balance));
    town.audit().await;
}

#[tokio::test]
async fn a_person_is_needed_while_money_is_on_its_way_or_in_the_account() {
    let town = town().await;
    let needed = async |person: &str| {
        town.app
            .check_person_needed(town.call(Principal::service("identity"), person.to_owned()))
            .await
            .unwrap()
    };
    assert_eq!(needed("bj1").await, "");
    town.credit("bj1", "110000", 2_000).await;
    town.credit("bjrel", "110000", 4_000).await;
    assert_eq!(needed("bj1").await, "account_balance");
    let quote = town.quote(otc("bj1", "ord1", &["甲 30 2"], &["bjrel"], vec![])).await;
    let held = town.authorise(&quote).await;
    assert_eq!((needed("bj1").await, needed("bjrel").await), ("payment_open", "payment_open"));
    let paid = town.capture(&held).await;
    assert_eq!((needed("bj1").await, needed("bjrel").await), ("", ""), "both accounts are empty");
    town.fakes.dial("reverse", [Fault::LoseRequest; 2]);
    town.refund(&paid).await;
    // nothing is held: the lender waits for money to come back
    assert_eq!((needed("bj1").await, needed("bjrel").await), ("payment_open", "payment_open"));
    town.settle_down(3).await;
    assert_eq!((needed("bj1").await, needed("bjrel").await), ("account_balance", "account_balance"));
}

#[tokio::test]
async fn a_statement_runs_newest_first_in_pages() {
    let town = town().await;
    let batch = (1..=5).map(|n| credit(&format!("k{n}"), n * 100)).collect();
    town.app.credit_accounts(town.call(order(), batch)).await.unwrap();
    let page =
        |before| town.app.list_statement(town.call(patient("qhd1"), StatementQuery { before, size: 3 }));
    let first = page(i64::MAX).await.unwrap();
    let balances: Vec<i64> = first.rows.iter().map(|row| row.balance.0).collect();
    assert_eq!(balances, [1_500, 1_000, 600]);
    let second = page(first.next.unwrap()).await.unwrap();
    let balances: Vec<i64> = second.rows.iter().map(|row| row.balance.0).collect();
    assert_eq!((balances, second.next), (vec![300, 100], None));
}

async fn receivables(town: &Town, who: Principal) -> Vec<Receivable> {
    let query = ReceivableQuery { fixmedins_code: String::new(), debtor: String::new(), size: 50 };
    town.app.list_receivables(town.call(who, query)).await.unwrap().rows
}

async fn totals(town: &Town, day: &str) -> DayTotals {
    let query =
        TotalsQuery { stmt_date: day.into(), stmt_enddate: String::new(), fixmedins_code: String::new() };
    let mut days = town.app.daily_totals(town.call(pos(QHD_SHOP), query)).await.unwrap();
    days.remove(0).totals
}

#[tokio::test]
async fn a_day_closes_when_the_books_agree_and_the_agency_pays() {
    let town = town().await;
    town.credit("qhd1", "130300", 100_000).await;
    town.pay(chronic("qhd1", "ord1", &["甲 100 5"], vec![])).await;
    let second = town.pay(chronic("qhd1", "ord2", &["甲 100 1"], vec![])).await;
    town.refund(&second).await;
    let today = date_text(town.now().china_date());

    let ours = totals(&town, &today).await;
    assert_eq!(ours.len(), 2, "refunds are a row of their own");
    let close = |totals: &DayTotals| {
        let body = CloseDay { stmt_date: today.clone(), totals: totals.clone() };
        town.app.close_day(town.call(pos(QHD_SHOP), body))
    };
    let mut wrong = ours.clone();
    wrong.values_mut().next().unwrap().fund += Fen(1);
    let unequal = close(&wrong).await.unwrap();
    assert!(!unequal.flat && unequal.claims.is_empty());
    assert!(unequal.differences[0].contains("fund_pay_sumamt"), "{:?}", unequal.differences);

    let closed = close(&ours).await.unwrap();
    assert!(closed.flat);
    let claim = closed.claims[0].clone();
    assert_eq!((claim.claimed, claim.agency.as_str()), (Fen(50_000), "130300"));
    assert_eq!(close(&ours).await.unwrap().claims[0].claim_id, claim.claim_id, "closing again is harmless");
    assert_eq!(reason(close(&wrong).await), "DAY_CLOSED");

    let review = |who: &str, deducted| Review {
        claim_id: claim.claim_id.clone(),
        deducted: Fen(deducted),
        reason: format!("checked by {who}"),
        lines: Vec::new(),
    };
    let foreign = town.app.review_claim(town.call(agency("110000"), review("beijing", 0))).await;
    assert_eq!(reason(foreign), "CLAIM_NOT_FOUND");
    let pay = || {
        let body =
            PayClaim { claim_id: claim.claim_id.clone(), bank_reference: "BANK-1".into(), amount: None };
        town.app.pay_claim(town.call(agency("130300"), body))
    };
    assert_eq!(reason(pay().await), "CLAIM_STATE");
    let too_much = town.app.review_claim(town.call(agency("130300"), review("qhd", 50_001))).await;
    assert_eq!(reason(too_much), "DEDUCTION_TOO_LARGE");
    town.app.review_claim(town.call(agency("130300"), review("qhd", 1_000))).await.unwrap();
    let open = receivables(&town, agency("130300")).await;
    assert_eq!((open.len(), open[0].open), (1, Fen(50_000)));
    let paid = pay().await.unwrap();
    assert_eq!((paid.paid, paid.state), (Fen(49_000), ClaimState::Paid));
    assert_eq!(reason(pay().await), "CLAIM_STATE");
    assert!(receivables(&town, agency("130300")).await.is_empty());
    for (account, balance) in [("receivable:agency", 0), ("bank", 49_000), ("deduction", 1_000)] {
        assert_eq!(town.balance_of(&format!("{account}:{QHD_SHOP}")).await, balance, "{account}");
    }
    town.audit().await;
}

#[tokio::test]
async fn other_agencies_claims_do_not_hide_ones_own() {
    let town = town().await;
    let work = town.world.deps.db.begin_step().await.unwrap();
    let claim = |n: usize, agency: &str| {
        format!(
            "('clm_{n:04}', 'P{agency}{n:05}', '{agency}', '2026-11-21', 'applied', 1, 0, 0, '', '', {n})"
        )
    };
    let rows: Vec<String> = (0..=1_000).map(|n| claim(n, if n == 0 { "110000" } else { "130300" })).collect();
    let sql = format!("INSERT INTO claim VALUES {}", rows.join(", "));
    work.tx().execute_unprepared(&sql).await.unwrap();
    work.done().await.unwrap();
    let list = async |who| town.app.list_claims(town.call(who, None)).await.unwrap().len();
    assert_eq!(list(agency("110000")).await, 1, "a thousand newer ones are not its own");
    assert_eq!(list(agency("130300")).await, 1_000);
    assert_eq!(list(pos("P11000000000")).await, 1);
}

#[tokio::test]
async fn what_comes_after_closing_counts_for_the_next_day() {
    let town = town().await;
    town.credit("qhd1", "130300", 100_000).await;
    let today = town.now().china_date();
    let text = date_text(today);
    let body = CloseDay { stmt_date: text.clone(), totals: DayTotals::new() };
    assert!(town.app.close_day(town.call(pos(QHD_SHOP), body)).await.unwrap().flat);
    town.pay(chronic("qhd1", "ord1", &["甲 100 1"], vec![])).await;
    assert!(totals(&town, &text).await.is_empty());
    assert_eq!(totals(&town, &date_text(today.next_day().unwrap())).await.len(), 1);
}

#[tokio::test]
async fn the_audit_finds_a_changed_entry() {
    let town = town().await;
    town.credit("qhd1", "130300", 100_000).await;
    let paid = town.pay(chronic("qhd1", "ord1", &["甲 100 1"], vec![])).await;
    let query =
        TransferQuery { region: String::new(), after: 0, reference: paid.payment_id.clone(), size: 10 };
    let transfers = town.app.list_transfers(town.call(order(), query)).await.unwrap();
    assert_eq!((transfers.len(), transfers[0].kind.as_str()), (1, "capture"));
    town.audit().await;
    let work = town.world.deps.db.begin_step().await.unwrap();
    let sql = "UPDATE region_entry SET amount_fen = amount_fen + 1 WHERE sequence = 2 AND entry_no = 0";
    work.tx().execute_unprepared(sql).await.unwrap();
    work.done().await.unwrap();
    let audited = town.app.audit_ledger(town.call(order(), ())).await.unwrap();
    assert!(audited.problems.iter().any(|problem| problem.contains("hash")), "{:?}", audited.problems);
    assert!(audited.problems.iter().any(|problem| problem.contains("sum to zero")));
}
