//! What a quote refuses, and who may see it.

use super::world::*;
use crate::app::quote::CreateQuote;
use crate::domain::benefit::{LegKind, OutsideFees, OutsideKind};
use crate::domain::quote::QuoteKind;

#[track_caller]
fn refused(result: Result<crate::domain::quote::Quote, crate::error::SettlementError>, wanted: &str) {
    assert_eq!(reason(result), wanted);
}

#[tokio::test]
async fn refusals_by_reason() {
    let town = town().await;
    let ask = |body: CreateQuote| town.app.create_quote(town.call(order(), body));
    let mut fee_line = otc("bj1", "o", &["甲 30 1"], &[], vec![]);
    fee_line.lines[0].med_list_codg = String::new();
    refused(ask(fee_line).await, "QUOTE_LEG_FORBIDDEN");
    let relative =
        CreateQuote { holders: vec!["qhdrel".into()], ..chronic("qhd1", "o", &["甲 30 1"], vec![]) };
    refused(ask(relative).await, "QUOTE_LEG_FORBIDDEN");
    let ended =
        CreateQuote { fixmedins_code: "P11010599999".into(), ..otc("bj1", "o", &["甲 30 1"], &[], vec![]) };
    refused(ask(ended).await, "INSTITUTION_NOT_DESIGNATED");
    let elsewhere =
        CreateQuote { fixmedins_code: QHD_SHOP.into(), ..otc("bj1", "o", &["甲 30 1"], &[], vec![]) };
    refused(ask(elsewhere).await, "INSTITUTION_NOT_DESIGNATED");
    refused(ask(otc("qhd1", "o", &["甲 30 1"], &[], vec![])).await, "INSURED_ELSEWHERE");
    refused(ask(otc("nobody", "o", &["甲 30 1"], &[], vec![])).await, "NOT_INSURED");
    let no_disease =
        CreateQuote { dise_codg: "M05300".into(), ..chronic("qhd1", "o", &["甲 30 1"], vec![]) };
    refused(ask(no_disease).await, "DISEASE_NOT_IN_SCHEME");
    let unregistered =
        CreateQuote { dise_codg: "M01600".into(), ..chronic("qhd1", "o", &["甲 30 1"], vec![]) };
    refused(ask(unregistered).await, "DISEASE_NOT_REGISTERED");
    let not_open = CreateQuote {
        region: "110000".into(),
        fixmedins_code: BJ_SHOP.into(),
        ..chronic("bj1", "o", &["甲 30 1"], vec![])
    };
    refused(ask(not_open).await, "SCHEME_NOT_OPEN");
    assert!(
        ask(otc("bj1", "o", &["甲 30 1"], &["stranger"], vec![])).await.is_err(),
        "identity's refusal passes"
    );
}

#[tokio::test]
async fn fees_never_reach_an_insured_leg() {
    let town = town().await;
    town.credit("qhd1", "130300", 1_000_000).await;
    let fees = vec![outside(OutsideKind::Delivery, 600), outside(OutsideKind::Goods, 1_000)];
    let quote = town.quote(chronic("qhd1", "o", &["甲 100 5"], fees)).await;
    let cash: i64 =
        quote.legs.iter().filter(|leg| leg.kind == LegKind::Channel).map(|leg| leg.amount.0).sum();
    assert_eq!(cash, 1_600, "a rich account pays the drugs and not one fen of the fees");
    assert_eq!(quote.totals.medical.0, 50_000);
}

fn consultation(person: &str, yuan: &str) -> CreateQuote {
    let mut body = CreateQuote {
        kind: QuoteKind::Consultation,
        fixmedins_code: QHD_HOSPITAL.into(),
        dise_codg: String::new(),
        ..chronic(person, "o", &[&format!("甲 {yuan} 1")], vec![])
    };
    body.lines[0].med_list_codg = String::new();
    body.outside = OutsideFees::default();
    body
}

#[tokio::test]
async fn the_consultation_fee_is_the_regions() {
    let town = town().await;
    let quote = town.quote(consultation("qhd1", "15")).await;
    assert_eq!((quote.totals.fund.0, quote.totals.cash.0), (900, 600));
    let stranger = town.quote(consultation("bj1", "15")).await;
    assert_eq!((stranger.totals.fund.0, stranger.totals.cash.0), (0, 1_500), "not insured here: all cash");
    assert_eq!(stranger.insutype, "");
    let wrong = town.app.create_quote(town.call(order(), consultation("qhd1", "16"))).await;
    refused(wrong, "CONSULTATION_FEE_MISMATCH");
}

#[tokio::test]
async fn a_patient_sees_own_quotes_only() {
    let town = town().await;
    let quote = town.quote(otc("bj1", "o", &["甲 30 1"], &[], vec![])).await;
    let see = |who: &str| town.app.get_quote(town.call(patient(who), quote.quote_id.clone()));
    assert_eq!(see("bj1").await.unwrap(), quote);
    refused(see("bj2").await, "QUOTE_NOT_FOUND");
}

#[tokio::test]
async fn the_same_key_answers_the_same_quote() {
    let town = town().await;
    let ask = || {
        let body = otc("bj1", "o", &["甲 30 1"], &[], vec![]);
        town.app.create_quote(town.keyed(order(), "one-key-for-both", body))
    };
    let first = ask().await.unwrap();
    town.credit("bj1", "110000", 1_000).await;
    assert_eq!(ask().await.unwrap(), first, "though the account has changed since");
}
