//! Prints a quote: every line, every leg, every rule.

use anyhow::{Context as _, Result, ensure};
use liufang_proto::common::v1::Leg;
use liufang_proto::order::v1::Order;
use liufang_proto::settlement::v1::{Explanation, LegAmount, Quote};

use super::story::{Story, yuan};

/// Tells the order's quote and checks that the legs pay exactly its total.
pub fn tell(story: &mut Story<'_>, order: &Order) -> Result<Quote> {
    let quote = order.quote.clone().context("the order has no quote")?;
    lines(story, order, &quote);
    totals(story, &quote);
    legs(story, &quote);
    check(&quote)?;
    Ok(quote)
}

fn lines(story: &mut Story<'_>, order: &Order, quote: &Quote) {
    for line in &order.lines {
        let goods = format!("{} × {}", line.name, line.quantity);
        let mark = if line.hi_mark { "医保" } else { "无标" };
        story.say(format!("{}  {goods} @ {}  {}  {mark}", line.line_no, line.price, yuan(line.amount_fen)));
        for settled in quote.lines.iter().filter(|settled| settled.line_no == line.line_no) {
            explain(story, &settled.explanations);
        }
    }
}

fn totals(story: &mut Story<'_>, quote: &Quote) {
    let Some(totals) = &quote.totals else { return };
    let rows = [
        ("medfee_sumamt 医疗费总额", totals.medfee_sumamt_fen),
        ("inscp_scp_amt 符合政策范围", totals.inscp_scp_amt_fen),
        ("preselfpay_amt 先行自付", totals.preselfpay_amt_fen),
        ("overlmt_selfpay 超限价", totals.overlmt_selfpay_fen),
        ("fulamt_ownpay_amt 全自费", totals.fulamt_ownpay_amt_fen),
        ("act_pay_dedc 起付线", totals.act_pay_dedc_fen),
        ("fund_pay_sumamt 基金支付", totals.fund_pay_sumamt_fen),
        ("outside 配送、包装、无标商品", totals.outside_fen),
    ];
    let shown = rows.into_iter().filter(|(_, fen)| *fen != 0);
    let rows: Vec<_> = shown.map(|(name, fen)| vec!["Σ".to_owned(), name.to_owned(), yuan(fen)]).collect();
    story.table(&rows);
}

fn legs(story: &mut Story<'_>, quote: &Quote) {
    for leg in &quote.legs {
        let owed = if leg.debtor.is_empty() { String::new() } else { format!("  owed by {}", leg.debtor) };
        story.say(format!("▸ {}  {}{owed}", name(leg), yuan(leg.amount_fen)));
        explain(story, &leg.explanations);
    }
    for fee in &quote.outside {
        story.say(format!("     outside the insurance {}  {} {}", yuan(fee.amount_fen), fee.kind, fee.name));
    }
    story.say(format!("= {} over {} legs", yuan(quote.total_fen), quote.legs.len()));
}

fn explain(story: &mut Story<'_>, explanations: &[Explanation]) {
    // fees outside the insurance are told with their names
    for why in explanations.iter().filter(|why| why.amount_fen != 0 && why.field != "outside") {
        story.say(format!("     {} {}  {}  {}", why.field, yuan(why.amount_fen), why.rule, why.detail));
    }
}

/// What a leg is called.
pub fn name(leg: &LegAmount) -> &'static str {
    match leg.leg() {
        Leg::Fund => "统筹基金 pooled fund, advanced by the institution",
        Leg::Account => "个人账户 own personal account",
        Leg::RelativeAccount => "共济账户 relative's account",
        Leg::Channel => "支付渠道 payment channel",
        Leg::Till => "药店收银台 the pharmacy's own till",
        Leg::Unspecified => "?",
    }
}

/// The amount of one kind of leg.
pub fn amount(legs: &[LegAmount], kind: Leg) -> i64 {
    legs.iter().filter(|leg| leg.leg() == kind).map(|leg| leg.amount_fen).sum()
}

/// The legs pay the total, and nothing outside the insurance is on an insured leg.
pub fn check(quote: &Quote) -> Result<()> {
    let paid: i64 = quote.legs.iter().map(|leg| leg.amount_fen).sum();
    ensure!(paid == quote.total_fen, "the legs pay {paid}, the total is {}", quote.total_fen);
    let totals = quote.totals.as_ref().context("a quote has totals")?;
    let outside: i64 = quote.outside.iter().map(|fee| fee.amount_fen).sum();
    ensure!(outside == totals.outside_fen, "outside fees {outside}, stated {}", totals.outside_fen);
    ensure!(
        totals.medfee_sumamt_fen + outside == quote.total_fen,
        "insured total {} and outside fees {outside} are not {}",
        totals.medfee_sumamt_fen,
        quote.total_fen
    );
    let channel = amount(&quote.legs, Leg::Channel);
    ensure!(outside <= channel, "outside fees {outside} reach beyond the channel leg {channel}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use liufang_proto::settlement::v1::{OutsideFee, SettlementTotals};

    use super::*;

    fn quote(account: i64, channel: i64) -> Quote {
        let leg = |leg: Leg, amount_fen: i64| LegAmount { leg: leg.into(), amount_fen, ..Default::default() };
        Quote {
            legs: vec![leg(Leg::Account, account), leg(Leg::Channel, channel)],
            outside: vec![OutsideFee { kind: "delivery".to_owned(), amount_fen: 5, name: String::new() }],
            totals: Some(SettlementTotals { medfee_sumamt_fen: 10, outside_fen: 5, ..Default::default() }),
            total_fen: 15,
            ..Default::default()
        }
    }

    #[test]
    fn legs_must_pay_the_total() {
        assert!(check(&quote(10, 5)).is_ok() && check(&quote(8, 7)).is_ok());
        assert!(check(&quote(10, 6)).is_err());
    }

    #[test]
    fn outside_fees_may_not_reach_an_insured_leg() {
        assert!(check(&quote(11, 4)).is_err());
    }
}
