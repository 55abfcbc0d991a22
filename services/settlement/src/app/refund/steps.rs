//! The steps of a partial return, each one call to the outside between two writes.

use std::sync::Arc;

use crate::app::App;
use crate::app::messages::Heard;
use crate::app::quote::charge;
use crate::domain::payment::{InsurerSays, Journal, Shape, Step, TILL, after_cash_back};
use crate::domain::quote::Quote;
use crate::domain::refund::{Moved, Terms};
use crate::error::SettlementError;
use crate::store;
use crate::store::refund::Refund;

impl App {
    /// One step; true when the next may follow at once.
    pub(in crate::app) async fn part_step(&self, journal: &mut Journal) -> Result<bool, SettlementError> {
        let part = self.open_part(journal).await?;
        let next = match journal.step {
            Step::BookPart => return self.book_part(journal, &part).await.map(|()| false),
            Step::RefundPart => after_cash_back(self.outside.refund(journal, part.cash).await),
            step => {
                let (says, setl_id) = self.ask_about_part(journal, &part).await?;
                let heard = Heard::of(journal, says);
                let reversed = matches!(says, InsurerSays::Done | InsurerSays::Reversed);
                if step == Step::ReversePart && reversed {
                    // from here on the payment is known to the insurer by the settlement of the rest, if there is one
                    journal.msgid.clone_from(&part.rest_msgid);
                } else if step != Step::ReversePart && says == InsurerSays::Done {
                    journal.setl_id = setl_id;
                }
                let next = shape(journal, &part).after_insurer_said(step, says);
                return self.write(journal, next, heard).await;
            }
        };
        self.write(journal, next, None).await
    }

    async fn ask_about_part(
        &self,
        journal: &Journal,
        part: &Refund,
    ) -> Result<(InsurerSays, String), SettlementError> {
        if journal.mobile {
            let stands = if journal.step == Step::ReversePart { &part.body.before } else { &part.body.rest };
            let quote = over(Arc::unwrap_or_clone(self.quote_of(journal).await?), stands);
            return self.ask_mobile(journal, self.asked(&quote)?).await;
        }
        if journal.step == Step::ReversePart {
            let says = self.outside.reverse(journal, Some(&part.body.before.totals)).await;
            return Ok((says, String::new()));
        }
        let quote = over(Arc::unwrap_or_clone(self.quote_of(journal).await?), &part.body.rest);
        let asked = self.asked(&quote)?;
        Ok(match journal.step {
            Step::SettleRest => self.outside.settle(journal, asked).await,
            _ => self.outside.query_message(journal, asked).await,
        })
    }

    pub(in crate::app) async fn open_part(&self, journal: &Journal) -> Result<Refund, SettlementError> {
        let parts = store::refund::of_payment(self.db.read(), &self.cipher, &journal.payment_id).await?;
        let open = parts.into_iter().find(|part| !part.booked);
        open.ok_or(SettlementError::Stored("refund of a payment"))
    }
}

/// The quote as it would be over `terms`.
pub(in crate::app) fn over(quote: Quote, terms: &Terms) -> Quote {
    Quote {
        lines: terms.lines.clone(),
        totals: terms.totals.clone(),
        legs: terms.legs.clone(),
        outside: terms.outside.clone(),
        additions: terms.additions.clone(),
        charges: terms.charged.iter().map(charge).collect(),
        ..quote
    }
}

/// What a partial return needs of the outside.
pub(in crate::app) fn shape(journal: &Journal, part: &Refund) -> Shape {
    Shape {
        reverse: Moved::between(&part.body.before, &part.body.rest).insurer,
        settle: !part.rest_msgid.is_empty(),
        cash: !part.cash.is_zero() && journal.channel != TILL,
    }
}
