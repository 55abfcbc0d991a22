//! One payment in three books, and its goods in the stock ledger.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use liufang_kernel::Quantity;
use liufang_proto::common::v1::Leg;
use liufang_proto::inventory::v1::ListMovementsRequest;
use liufang_proto::sandbox::v1::{ListChannelBookRequest, ListInsurerBookRequest};
use liufang_proto::settlement::v1::PaymentState;

use super::super::quotes::{self, amount};
use super::super::stage::{Purchase, Stage};
use super::super::story::{Story, yuan};
use super::is_refunded;

/// Our payment, the channel's row and the insurer's row name the same amounts.
pub async fn three_books(stage: &Stage, story: &mut Story<'_>, purchase: &Purchase) -> Result<()> {
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
    let book = stage.public.list_insurer_book(ListInsurerBookRequest::default()).await?.rows;
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

/// What left the shelf for an order is what was ordered, and nothing when it was taken back.
pub async fn goods(stage: &Stage, story: &mut Story<'_>, purchase: &Purchase) -> Result<()> {
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
