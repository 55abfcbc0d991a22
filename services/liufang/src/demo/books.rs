//! The day's close: every book against every other, claims, payment, trial balance.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use liufang_kernel::Quantity;
use liufang_proto::common::v1::Leg;
use liufang_proto::inventory::v1::ListMovementsRequest;
use liufang_proto::order::v1::OrderKind;
use liufang_proto::sandbox::v1::{ListChannelBookRequest, ListInsurerBookRequest};
use liufang_proto::settlement::v1::{
    AuditLedgerRequest, CloseDayRequest, CloseDayResponse, DailyTotal, GetDailyTotalsRequest,
    GetTrialBalanceRequest, ListReceivablesRequest, PaymentState, Receivable,
};

use super::quotes::{self, amount};
use super::stage::{Purchase, Stage};
use super::story::{Story, yuan};
use crate::client::Answer;
use crate::seed::cast;

/// Compares every book, closes the day, has the claims paid, shows the trial balance.
pub async fn close(stage: &Stage, story: &mut Story<'_>) -> Result<()> {
    story.chapter("The day's close 日终对账")?;
    story.step("9a", "Three books of every payment: ours, the channel's, the insurer's")?;
    for purchase in &stage.purchases {
        three_books(stage, story, purchase).await.with_context(|| purchase.order.order_id.clone())?;
    }
    story.step("9b", "Goods that left the shelf 3505/3506 against goods that were ordered")?;
    for purchase in stage.purchases.iter().filter(|own| own.order.kind() != OrderKind::Consultation) {
        goods(stage, story, purchase).await.with_context(|| purchase.order.order_id.clone())?;
    }
    story.step("9c", "Daily totals 3201, claims, payment by the agency 清算")?;
    for (institution, purchases) in by_institution(&stage.purchases) {
        institution_day(stage, story, &institution, &purchases).await.with_context(|| institution.clone())?;
    }
    story.step("9d", "Trial balance 试算平衡")?;
    trial_balance(stage, story).await
}

async fn three_books(stage: &Stage, story: &mut Story<'_>, purchase: &Purchase) -> Result<()> {
    let Purchase { order, quote, payment } = purchase;
    quotes::check(quote)?;
    let refunded = is_refunded(purchase);
    ensure!(
        refunded || payment.state() == PaymentState::Captured,
        "payment is {}",
        payment.state().as_str_name()
    );
    for kind in [Leg::Fund, Leg::Account, Leg::RelativeAccount, Leg::Channel] {
        let (asked, paid) = (amount(&quote.legs, kind), amount(&payment.legs, kind));
        ensure!(asked == paid, "{}: quoted {asked}, paid {paid}", kind.as_str_name());
    }
    let channel = amount(&payment.legs, Leg::Channel);
    let query = ListChannelBookRequest { channel_order_no: payment.channel_order_no.clone() };
    let rows = match channel {
        0 => Vec::new(),
        _ => stage.public.list_channel_book(query).await?.rows,
    };
    let booked: i64 = rows.iter().map(|row| row.amount_fen).sum();
    let returned: i64 = rows.iter().map(|row| row.refunded_fen).sum();
    ensure!(
        rows.len() <= 1 && booked == channel,
        "channel booked {booked} in {} rows, ours {channel}",
        rows.len()
    );
    ensure!(returned == if refunded { channel } else { 0 }, "channel returned {returned}");
    let accounts = insurer_book(stage, purchase).await?;
    let insured = amount(&payment.legs, Leg::Fund);
    let state = if refunded { "refunded" } else { "captured" };
    story.say(format!(
        "✓ {}  {}  {} = fund {} + accounts {} + channel {}  {state}",
        payment.setl_id,
        stage.institution_name(&order.fixmedins_code),
        yuan(quote.total_fen),
        yuan(insured),
        yuan(accounts),
        yuan(channel)
    ));
    Ok(())
}

/// The insurer's row of the settlement against our legs; answers what accounts paid.
async fn insurer_book(stage: &Stage, purchase: &Purchase) -> Result<i64> {
    let Purchase { quote, payment, .. } = purchase;
    let totals = quote.totals.as_ref().context("a quote has totals")?;
    let (fund, own) = (amount(&payment.legs, Leg::Fund), amount(&payment.legs, Leg::Account));
    let relatives = amount(&payment.legs, Leg::RelativeAccount);
    let book = stage.public.list_insurer_book(ListInsurerBookRequest {}).await?.rows;
    let rows: Vec<_> = book.iter().filter(|row| row.setl_id == payment.setl_id).collect();
    let row = rows.first().context("the insurer does not know the settlement")?;
    ensure!(rows.len() == 1, "the insurer settled {} times", rows.len());
    ensure!(row.fund_pay_sumamt_fen == fund, "insurer's fund {}, ours {fund}", row.fund_pay_sumamt_fen);
    ensure!(
        row.acct_mulaid_pay_fen == relatives,
        "insurer's relatives {}, ours {relatives}",
        row.acct_mulaid_pay_fen
    );
    // regions count acct_pay with or without the relatives' part: identities I7a and I7b of domain.md §3.4
    ensure!(
        [own, own + relatives].contains(&totals.acct_pay_fen),
        "acct_pay {}, legs {own}",
        totals.acct_pay_fen
    );
    ensure!(row.acct_pay_fen == totals.acct_pay_fen, "insurer's acct_pay {}", row.acct_pay_fen);
    ensure!(row.reversed == is_refunded(purchase), "insurer reversed: {}", row.reversed);
    Ok(own + relatives)
}

fn is_refunded(purchase: &Purchase) -> bool {
    purchase.payment.state() == PaymentState::Refunded
}

async fn goods(stage: &Stage, story: &mut Story<'_>, purchase: &Purchase) -> Result<()> {
    let order = &purchase.order;
    let query = ListMovementsRequest { order_id: order.order_id.clone(), ..Default::default() };
    let movements = stage.pos(&order.fixmedins_code)?.list_movements(query).await?.movements;
    let mut left: BTreeMap<&str, i64> = BTreeMap::new();
    for row in &movements {
        *left.entry(&row.med_list_codg).or_default() -= row.quantity.parse::<Quantity>()?.0;
    }
    left.retain(|_, quantity| *quantity != 0);
    let mut ordered: BTreeMap<&str, i64> = BTreeMap::new();
    if !is_refunded(purchase) {
        for line in &order.lines {
            *ordered.entry(&line.med_list_codg).or_default() += line.quantity.parse::<Quantity>()?.0;
        }
    }
    ensure!(left == ordered, "sold {left:?}, ordered {ordered:?} (ten-thousandths)");
    let codes: usize = movements.iter().map(|row| row.trace_codes.len()).sum();
    let name = stage.institution_name(&order.fixmedins_code);
    story.say(format!(
        "✓ {name}: {} movements, {codes} trace codes, {} lines",
        movements.len(),
        order.lines.len()
    ));
    Ok(())
}

fn by_institution(purchases: &[Purchase]) -> BTreeMap<String, Vec<&Purchase>> {
    let mut all: BTreeMap<String, Vec<&Purchase>> = BTreeMap::new();
    for purchase in purchases {
        all.entry(purchase.order.fixmedins_code.clone()).or_default().push(purchase);
    }
    all
}

/// The institution adds up its own papers, states them, and the agency pays.
async fn institution_day(
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
    Hospital(crate::client::His),
    Pharmacy(crate::client::Pos),
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
            Books::Hospital(his) => his.list_receivables(ListReceivablesRequest {}).await,
            Books::Pharmacy(pos) => pos.list_receivables(ListReceivablesRequest {}).await,
        };
        Ok(reply?.receivables)
    }
}

async fn trial_balance(stage: &Stage, story: &mut Story<'_>) -> Result<()> {
    let balance = stage.operator.get_trial_balance(GetTrialBalanceRequest {}).await?;
    let mut groups: BTreeMap<String, (usize, i64)> = BTreeMap::new();
    for row in &balance.balances {
        // personal accounts are told together
        let name = match row.account.starts_with("person:") {
            true => "person:* 个人账户".to_owned(),
            false => row.account.clone(),
        };
        let group = groups.entry(name).or_default();
        *group = (group.0 + 1, group.1 + row.balance_fen);
    }
    let rows = groups.iter().map(|(name, (count, fen))| {
        let count = if *count == 1 { String::new() } else { format!("{count} accounts") };
        vec![name.clone(), count, yuan(*fen)]
    });
    story.table(&rows.collect::<Vec<_>>());
    let sum: i64 = balance.balances.iter().map(|row| row.balance_fen).sum();
    ensure!(sum == 0 && balance.sum_fen == 0, "the trial balance is {sum}, stated {}", balance.sum_fen);
    let audit = stage.operator.audit_ledger(AuditLedgerRequest {}).await?;
    ensure!(audit.ok, "the ledger's audit found: {}", audit.problems.join("; "));
    story.say(format!(
        "sum {}; {} transfers, hash chain and every invariant checked",
        yuan(sum),
        audit.transfers
    ));
    let head: String = audit.head_hash.chars().take(16).collect();
    story.say(format!("head of the chain {head}…"));
    Ok(())
}
