//! Capture of less: a line is short at the counter, the rest is bought.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Quantity};
use liufang_platform::{Begun, Call, Work};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::boundary::Boundary;
use crate::domain::benefit::{LegKind, OutsideFees};
use crate::domain::decide::Inputs;
use crate::domain::payment::{Journal, Payment, PaymentState};
use crate::domain::quote::Quote;
use crate::domain::refund::{NotReturned, Returned, Terms};
use crate::error::{Refusal, SettlementError};
use crate::store;

/// Capture of some of the lines. Empty `keep`: all of them.
#[derive(Clone, Debug)]
pub struct CaptureLess {
    pub payment_id: String,
    pub keep: Vec<(i32, Quantity)>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Started {}

impl App {
    /// Makes the payment smaller and starts its capture, together. A repeat answers the present state.
    pub async fn capture_less(&self, call: Call<CaptureLess>) -> Result<Payment, SettlementError> {
        let Call { meta, body } = call;
        if let Begun::Fresh(work) = self.db.begin::<Started>(&meta).await? {
            self.keep_less(&work, &body).await?;
            let started = self.start_capture(&work, &body.payment_id, meta.now).await?;
            work.commit(Started {}).await?;
            Boundary::Less.pass();
            if let Some(journal) = started {
                return self.run(journal).await;
            }
        }
        Ok(self.journal(&body.payment_id).await?.view())
    }

    /// Decides anew over the lines that stay, by the quote's own rules, day and year, and gives back what is held too much.
    async fn keep_less(&self, work: &Work, body: &CaptureLess) -> Result<(), SettlementError> {
        let found = store::payment::find(work.tx(), &body.payment_id).await?;
        let mut journal = found.ok_or(Refusal::PaymentNotFound)?;
        if journal.state != PaymentState::Authorised {
            let refusal = match journal.state {
                PaymentState::Voided | PaymentState::Expired | PaymentState::Failed => Refusal::PaymentEnded,
                _ => Refusal::PaymentCaptured,
            };
            return Err(SettlementError::in_state(refusal, journal.state.as_str()));
        }
        let found = store::quote::find(work.tx(), &self.cipher, &journal.quote_id).await?;
        let quote = found.ok_or(SettlementError::Stored("quote of a payment"))?;
        let inputs = quote.inputs.clone().ok_or(Refusal::CaptureWholeOnly)?;
        let pack = self.pack_of(&quote).await?.ok_or(Refusal::CaptureWholeOnly)?;
        let before = super::refund::terms_of(&quote, &journal);
        let returned = not_kept(&before, &body.keep)?;
        let rest = before.less(&pack, &inputs, &returned).map_err(refused)?;
        // before any account, as wherever accounts are moved
        store::ledger::lock(work.tx(), &journal.region).await?;
        self.shrink_holds(work, &journal, &rest).await?;
        journal.cash = rest.of(LegKind::Channel);
        journal.freight = OutsideFees::freight(&rest.outside);
        journal.legs.clone_from(&rest.legs);
        if journal.cash.is_zero() {
            journal.channel.clear();
            journal.channel_order_no.clear();
        }
        store::payment::save(work.tx(), &mut journal).await?;
        store::quote::replace(work.tx(), &self.cipher, &smaller(quote, rest)).await
    }

    async fn shrink_holds(
        &self,
        work: &Work,
        journal: &Journal,
        rest: &Terms,
    ) -> Result<(), SettlementError> {
        let mut needs: BTreeMap<&str, Fen> = BTreeMap::new();
        for leg in rest.legs.iter().filter(|leg| !leg.payer_person_id.is_empty()) {
            *needs.entry(&leg.payer_person_id).or_default() += leg.amount;
        }
        store::hold::shrink(work.tx(), &journal.payment_id, &needs).await
    }
}

/// What is quoted and not kept.
fn not_kept(before: &Terms, keep: &[(i32, Quantity)]) -> Result<Returned, SettlementError> {
    let line = |refusal, line_no: i32| {
        SettlementError::Refused(refusal, vec![("line_no".into(), line_no.to_string())])
    };
    let mut lines = Vec::new();
    for (line_no, _) in keep {
        if !before.charged.iter().any(|charged| charged.line_no == *line_no) {
            return Err(line(Refusal::CaptureLineUnknown, *line_no));
        }
    }
    for charged in &before.charged {
        let kept = keep.iter().find(|(line_no, _)| *line_no == charged.line_no);
        let kept = kept.map_or(Quantity(0), |(_, quantity)| *quantity);
        match charged.quantity.0 - kept.0 {
            0 => {}
            less if less > 0 => lines.push((charged.line_no, Quantity(less))),
            _ => return Err(line(Refusal::CaptureNotLess, charged.line_no)),
        }
    }
    if lines.is_empty() {
        return Err(Refusal::CaptureNotLess.into());
    }
    Ok(Returned { lines, outside: Vec::new() })
}

fn refused(error: NotReturned) -> SettlementError {
    match error {
        NotReturned::Undecided(error) => error.into(),
        _ => Refusal::CaptureWholeOnly.into(),
    }
}

/// The quote as it is captured; it remembers what was offered.
fn smaller(quote: Quote, rest: Terms) -> Quote {
    let offered = Some(Box::new(quote.clone()));
    let smaller = super::refund::steps::over(quote, &rest);
    let inputs = smaller.inputs.clone().map(|inputs| Inputs { lines: rest.charged, ..inputs });
    Quote { inputs, offered, ..smaller }
}
