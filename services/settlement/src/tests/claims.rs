//! Claims line by line: cuts, appeals, payment in parts.

use liufang_kernel::Fen;
use liufang_kernel::timestamp::date_text;

use super::world::*;
use crate::app::claim::{CloseDay, PayClaim, ReceivableQuery, Review, TotalsQuery};
use crate::app::claim_line::{Appeal, Deduction, LineQuery, Objection};
use crate::domain::claim::{Claim, ClaimState};
use crate::error::SettlementError;

/// Three payments of a day, closed; the claim and the payments.
async fn claimed(town: &Town) -> (Claim, Vec<String>) {
    town.credit("qhd1", "130300", 100_000).await;
    let mut payments = Vec::new();
    for n in 0..3 {
        let paid = town.pay(chronic("qhd1", &format!("ord{n}"), &["甲 100 1"], vec![])).await;
        payments.push(paid.payment_id);
    }
    payments.sort();
    let today = date_text(town.now().china_date());
    let query =
        TotalsQuery { stmt_date: today.clone(), stmt_enddate: String::new(), fixmedins_code: String::new() };
    let totals = town.app.daily_totals(town.call(pos(QHD_SHOP), query)).await.unwrap().remove(0).totals;
    let body = CloseDay { stmt_date: today, totals };
    let closed = town.app.close_day(town.call(pos(QHD_SHOP), body)).await.unwrap();
    (closed.claims[0].clone(), payments)
}

fn cut(payment_id: &str, fen: i64, why: &str) -> Deduction {
    Deduction { payment_id: payment_id.into(), refund: false, deducted: Fen(fen), reason: why.into() }
}

async fn review(town: &Town, claim: &Claim, lines: Vec<Deduction>) -> Result<Claim, SettlementError> {
    let deducted = lines.iter().map(|line| line.deducted).sum();
    let body = Review { claim_id: claim.claim_id.clone(), deducted, reason: String::new(), lines };
    town.app.review_claim(town.call(agency("130300"), body)).await
}

async fn appeal(town: &Town, who: &str, claim: &Claim, payment: &str) -> Result<Claim, SettlementError> {
    let text = "the prescription was attached".to_owned();
    let lines = vec![Objection { payment_id: payment.into(), refund: false, text }];
    let body = Appeal { claim_id: claim.claim_id.clone(), lines };
    town.app.appeal_claim(town.call(pos(who), body)).await
}

async fn pay(town: &Town, claim: &Claim, part: Option<i64>) -> Result<Claim, SettlementError> {
    let claim_id = claim.claim_id.clone();
    let body = PayClaim { claim_id, bank_reference: "BANK-1".into(), amount: part.map(Fen) };
    town.app.pay_claim(town.call(agency("130300"), body)).await
}

/// Open, and paid on account.
async fn owed(town: &Town) -> Option<(i64, i64)> {
    let query = ReceivableQuery { fixmedins_code: String::new(), debtor: String::new(), size: 50 };
    let rows = town.app.list_receivables(town.call(agency("130300"), query)).await.unwrap().rows;
    rows.first().map(|row| (row.open.0, row.on_account.0))
}

#[tokio::test]
async fn cuts_are_appealed_line_by_line() {
    let town = town().await;
    let (claim, payments) = claimed(&town).await;
    let each = claim.claimed.0 / 3;
    let strange = review(&town, &claim, vec![cut("pay_strange", 1, "x")]).await;
    assert_eq!(reason(strange), "CLAIM_LINE_NOT_FOUND");
    let beyond = review(&town, &claim, vec![cut(&payments[0], each + 1, "x")]).await;
    assert_eq!(reason(beyond), "DEDUCTION_TOO_LARGE");
    let cuts =
        vec![cut(&payments[0], 500, "no prescription"), cut(&payments[1], 300, "price above the limit")];
    assert_eq!(review(&town, &claim, cuts).await.unwrap().deducted, Fen(800));

    let lines = |after: (&str, bool), size| {
        let claim_id = claim.claim_id.clone();
        let query = LineQuery { claim_id, after: (after.0.into(), after.1), size };
        town.app.list_claim_lines(town.call(pos(QHD_SHOP), query))
    };
    let first = lines(("", false), 2).await.unwrap();
    let told: Vec<(&str, i64, i64, &str)> = first
        .lines
        .iter()
        .map(|line| (line.payment_id.as_str(), line.amount.0, line.deducted.0, line.reason.as_str()))
        .collect();
    let expected = [(&payments[0], 500, "no prescription"), (&payments[1], 300, "price above the limit")];
    assert_eq!(told, expected.map(|(payment, fen, why)| (payment.as_str(), each, fen, why)));
    let second = lines((&payments[1], false), 2).await.unwrap();
    assert!(first.more && !second.more && second.lines.len() == 1);

    assert_eq!(reason(appeal(&town, BJ_SHOP, &claim, &payments[0]).await), "CLAIM_NOT_FOUND");
    assert_eq!(reason(appeal(&town, QHD_SHOP, &claim, &payments[2]).await), "CLAIM_LINE_NOT_FOUND");
    let appealed = appeal(&town, QHD_SHOP, &claim, &payments[0]).await.unwrap();
    assert_eq!(appealed.state, ClaimState::Appealed);
    assert_eq!(reason(pay(&town, &claim, None).await), "CLAIM_STATE");
    assert_eq!(
        review(&town, &claim, vec![cut(&payments[1], 300, "still")]).await.unwrap().deducted,
        Fen(300)
    );
    let after = lines(("", false), 1).await.unwrap().lines.remove(0);
    assert_eq!((after.deducted, after.appeal.as_str()), (Fen::ZERO, "the prescription was attached"));
    town.audit().await;
}

#[tokio::test]
async fn a_claim_is_paid_in_parts() {
    let town = town().await;
    let (claim, payments) = claimed(&town).await;
    let whole = claim.claimed.0;
    review(&town, &claim, vec![cut(&payments[0], 500, "no prescription")]).await.unwrap();
    assert_eq!(reason(pay(&town, &claim, Some(whole)).await), "CLAIM_PAYMENT_TOO_LARGE");
    assert_eq!(pay(&town, &claim, Some(1_000)).await.unwrap().state, ClaimState::Approved);
    assert_eq!(owed(&town).await, Some((whole - 1_000, 1_000)));
    town.audit().await;
    assert_eq!(reason(appeal(&town, QHD_SHOP, &claim, &payments[0]).await), "CLAIM_STATE");
    assert_eq!(pay(&town, &claim, Some(1_000)).await.unwrap().paid, Fen(2_000));
    let paid = pay(&town, &claim, None).await.unwrap();
    assert_eq!((paid.state, paid.paid), (ClaimState::Paid, Fen(whole - 500)));
    assert_eq!(owed(&town).await, None);
    for (account, balance) in [("receivable:agency", 0), ("bank", whole - 500), ("deduction", 500)] {
        assert_eq!(town.balance_of(&format!("{account}:{QHD_SHOP}")).await, balance, "{account}");
    }
    town.audit().await;
}
