//! The day's close: every book against every other, claims, payment, trial balance.

mod balance;
mod day;
mod payments;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use liufang_proto::order::v1::OrderKind;
use liufang_proto::settlement::v1::PaymentState;

use super::stage::{Purchase, Stage};
use super::story::Story;

/// Compares every book, closes the day, has the claims paid, shows the trial balance.
pub async fn close(stage: &Stage, story: &mut Story<'_>) -> Result<()> {
    story.chapter("The day's close 日终对账")?;
    story.step("9a", "Three books of every payment: ours, the channel's, the insurer's")?;
    for purchase in &stage.purchases {
        payments::three_books(stage, story, purchase)
            .await
            .with_context(|| purchase.order.order_id.clone())?;
    }
    story.step("9b", "Goods that left the shelf 3505/3506 against goods that were ordered")?;
    for purchase in stage.purchases.iter().filter(|own| own.order.kind() != OrderKind::Consultation) {
        payments::goods(stage, story, purchase).await.with_context(|| purchase.order.order_id.clone())?;
    }
    story.step("9c", "Daily totals 3201, claims, payment by the agency 清算")?;
    for (institution, purchases) in by_institution(&stage.purchases) {
        day::institution_day(stage, story, &institution, &purchases)
            .await
            .with_context(|| institution.clone())?;
    }
    story.step("9d", "Trial balance 试算平衡")?;
    balance::trial_balance(stage, story).await
}

fn by_institution(purchases: &[Purchase]) -> BTreeMap<String, Vec<&Purchase>> {
    let mut all: BTreeMap<String, Vec<&Purchase>> = BTreeMap::new();
    for purchase in purchases {
        all.entry(purchase.order.fixmedins_code.clone()).or_default().push(purchase);
    }
    all
}

fn is_refunded(purchase: &Purchase) -> bool {
    purchase.payment.state() == PaymentState::Refunded
}
