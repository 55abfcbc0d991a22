//! An institution closes its day: totals, differences, claims, the agency's payment.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use liufang_proto::common::v1::Leg;
use liufang_proto::settlement::v1::{
    CloseDayRequest, CloseDayResponse, DailyTotal, GetDailyTotalsRequest, ListReceivablesRequest, Receivable,
};

use super::super::quotes::amount;
use super::super::stage::{Purchase, Stage};
use super::super::story::{Story, yuan};
use super::is_refunded;
use crate::client::{Answer, His, Pos};
use crate::seed::cast;

/// The institution adds up its own papers, states them, and the agency pays.
pub async fn institution_day(
    stage: &Stage,
    story: &mut Story<'_>,
    institution: &str,
    purchases: &[&Purchase],
) -> Result<()> {
    let books = Books::of(stage, institution)?;
    let (day, own) = (stage.today(), own_totals(&stage.today(), institution, purchases)?);
    story.say(stage.institution_name(institution));
    let centre = books.totals(&day).await?;
    story.table(&centre.iter().map(total_row).collect::<Vec<_>>());
    let mut wrong = own.clone();
    if let Some(row) = wrong.first_mut() {
        row.fund_pay_sumamt_fen += 1;
    }
    let named = books.close(&day, wrong).await?;
    ensure!(!named.flat && named.claims.is_empty(), "totals one fen off were accepted");
    story.say(format!("one fen off is named and books nothing: {}", named.differences.join("; ")));
    let closed = books.close(&day, own).await?;
    ensure!(closed.flat, "the totals do not agree: {}", closed.differences.join("; "));
    let region = stage.seed.institution(institution)?.region();
    let agency = cast::agency(&stage.gateway, region)?;
    let mut paid = 0;
    for claim in &closed.claims {
        let claim = agency.approve_and_pay(&claim.claim_id, &format!("BANK-{day}-{institution}")).await?;
        ensure!(
            claim.paid_fen == claim.claimed_fen,
            "claimed {}, paid {}",
            claim.claimed_fen,
            claim.paid_fen
        );
        paid += claim.paid_fen;
    }
    let owed: i64 = purchases.iter().filter(|own| !is_refunded(own)).map(|own| insured(own)).sum();
    ensure!(paid == owed, "the agency paid {paid}, our papers say {owed}");
    let open = books.receivables().await?;
    let still: i64 = open.iter().filter(|row| row.debtor == region).map(|row| row.open_fen).sum();
    ensure!(still == 0, "the agency still owes {still}");
    story.say(format!(
        "flat 对平; the agency {region} pays the claim of {}; it owes nothing more",
        yuan(paid)
    ));
    Ok(())
}

fn insured(purchase: &Purchase) -> i64 {
    let legs = &purchase.payment.legs;
    amount(legs, Leg::Fund) + amount(legs, Leg::Account) + amount(legs, Leg::RelativeAccount)
}

/// 3201 rows from the institution's own papers; a refund is a row of its own with negative amounts.
fn own_totals(day: &str, institution: &str, purchases: &[&Purchase]) -> Result<Vec<DailyTotal>> {
    let mut rows: BTreeMap<(String, String, bool), DailyTotal> = BTreeMap::new();
    for purchase in purchases {
        let legs = purchase.payment.legs.iter();
        let agency = legs.filter(|leg| leg.leg() != Leg::Channel).map(|leg| leg.debtor.clone()).next();
        let Some(agency) = agency else { continue };
        let papers: &[bool] = if is_refunded(purchase) { &[false, true] } else { &[false] };
        for refund in papers {
            let key = (purchase.quote.insutype.clone(), agency.clone(), *refund);
            add(rows.entry(key).or_default(), purchase, *refund)?;
        }
    }
    let clr_type = if institution.starts_with('P') { "41" } else { "11" };
    let named = rows.into_iter().map(|((insutype, setl_optins, refd_setl_flag), row)| DailyTotal {
        stmt_date: day.to_owned(),
        fixmedins_code: institution.to_owned(),
        insutype,
        clr_type: clr_type.to_owned(),
        setl_optins,
        refd_setl_flag,
        ..row
    });
    Ok(named.collect())
}

fn add(row: &mut DailyTotal, purchase: &Purchase, refund: bool) -> Result<()> {
    let totals = purchase.quote.totals.as_ref().context("a quote has totals")?;
    let legs = &purchase.payment.legs;
    let accounts = amount(legs, Leg::Account) + amount(legs, Leg::RelativeAccount);
    let sign = if refund { -1 } else { 1 };
    row.medfee_sumamt_fen += sign * totals.medfee_sumamt_fen;
    row.fund_pay_sumamt_fen += sign * totals.fund_pay_sumamt_fen;
    row.acct_pay_fen += sign * accounts;
    row.cash_payamt_fen += sign * totals.psn_cash_pay_fen;
    row.fixmedins_setl_cnt += 1;
    Ok(())
}

fn total_row(row: &DailyTotal) -> Vec<String> {
    let refund = if row.refd_setl_flag { "refunds" } else { "sales" };
    vec![
        format!("insutype {} clr_type {} {refund} × {}", row.insutype, row.clr_type, row.fixmedins_setl_cnt),
        format!("fee {}", yuan(row.medfee_sumamt_fen)),
        format!("fund {}", yuan(row.fund_pay_sumamt_fen)),
        format!("accounts {}", yuan(row.acct_pay_fen)),
        format!("cash {}", yuan(row.cash_payamt_fen)),
    ]
}

/// The books of an institution: a hospital's through its HIS, a pharmacy's through its POS.
enum Books {
    Hospital(His),
    Pharmacy(Pos),
}

impl Books {
    fn of(stage: &Stage, institution: &str) -> Result<Books> {
        Ok(match institution.starts_with('H') {
            true => Books::Hospital(stage.his(institution)?),
            false => Books::Pharmacy(stage.pos(institution)?),
        })
    }

    async fn totals(&self, day: &str) -> Answer<Vec<DailyTotal>> {
        let query = GetDailyTotalsRequest { stmt_date: day.to_owned(), ..Default::default() };
        let reply = match self {
            Books::Hospital(his) => his.get_daily_totals(query).await,
            Books::Pharmacy(pos) => pos.get_daily_totals(query).await,
        };
        Ok(reply?.totals)
    }

    async fn close(&self, day: &str, totals: Vec<DailyTotal>) -> Answer<CloseDayResponse> {
        let body = CloseDayRequest { stmt_date: day.to_owned(), totals };
        match self {
            Books::Hospital(his) => his.close_day(body).await,
            Books::Pharmacy(pos) => pos.close_day(body).await,
        }
    }

    async fn receivables(&self) -> Answer<Vec<Receivable>> {
        let reply = match self {
            Books::Hospital(his) => his.list_receivables(ListReceivablesRequest::default()).await,
            Books::Pharmacy(pos) => pos.list_receivables(ListReceivablesRequest::default()).await,
        };
        Ok(reply?.receivables)
    }
}

#[cfg(test)]
mod tests {
    use liufang_proto::order::v1::Order;
    use liufang_proto::settlement::v1::{LegAmount, Payment, PaymentState, Quote, SettlementTotals};

    use super::*;

    fn purchase(state: PaymentState) -> Purchase {
        let leg = |leg: Leg, amount_fen: i64, debtor: &str| LegAmount {
            leg: leg.into(),
            amount_fen,
            debtor: debtor.to_owned(),
            ..Default::default()
        };
        let legs = vec![
            leg(Leg::Fund, 70, "130300"),
            leg(Leg::Account, 30, "130300"),
            leg(Leg::Channel, 9, "wechat"),
        ];
        let totals = SettlementTotals {
            medfee_sumamt_fen: 104,
            fund_pay_sumamt_fen: 70,
            psn_cash_pay_fen: 4,
            ..Default::default()
        };
        let quote = Quote { insutype: "310".to_owned(), totals: Some(totals), ..Default::default() };
        Purchase {
            order: Order::default(),
            quote,
            payment: Payment { state: state.into(), legs, ..Default::default() },
        }
    }

    #[test]
    fn own_totals_count_a_refund_as_a_row_of_its_own() {
        let (kept, returned) = (purchase(PaymentState::Captured), purchase(PaymentState::Refunded));
        let rows = own_totals("2026-11-22", "P13030200001", &[&kept, &returned]).unwrap();
        let told = |row: &DailyTotal| {
            let money =
                [row.medfee_sumamt_fen, row.fund_pay_sumamt_fen, row.acct_pay_fen, row.cash_payamt_fen];
            (row.refd_setl_flag, row.fixmedins_setl_cnt, money)
        };
        let told: Vec<_> = rows.iter().map(told).collect();
        assert_eq!(told, [(false, 2, [208, 140, 60, 8]), (true, 1, [-104, -70, -30, -4])]);
        assert!(rows.iter().all(|row| row.clr_type == "41" && row.setl_optins == "130300"));
    }

    #[test]
    fn cash_alone_is_no_business_of_the_agency() {
        let mut cash = purchase(PaymentState::Captured);
        cash.payment.legs.retain(|leg| leg.leg() == Leg::Channel);
        assert!(own_totals("2026-11-22", "P13030200001", &[&cash]).unwrap().is_empty());
    }
}
