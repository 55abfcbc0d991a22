//! The steps of a partial return, each one call to the outside between two writes.

use crate::app::App;
use crate::domain::payment::{InsurerSays, Journal, Shape, Step, TILL, after_cash_back};
use crate::domain::refund::Moved;
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
                let (says, setl_id) = match step {
                    Step::ReversePart => (self.outside.reverse(journal).await, String::new()),
                    Step::SettleRest => self.outside.settle(journal, &part.body.rest.totals).await,
                    _ => self.outside.query_message(journal).await,
                };
                let reversed = matches!(says, InsurerSays::Done | InsurerSays::Reversed);
                if step == Step::ReversePart && reversed {
                    // from here on the payment is known to the insurer by the settlement of the rest, if there is one
                    journal.msgid.clone_from(&part.rest_msgid);
                } else if step != Step::ReversePart && says == InsurerSays::Done {
                    journal.setl_id = setl_id;
                }
                shape(journal, &part).after_insurer_said(step, says)
            }
        };
        self.write(journal, next).await
    }

    async fn open_part(&self, journal: &Journal) -> Result<Refund, SettlementError> {
        let parts = store::refund::of_payment(self.db.read(), &self.cipher, &journal.payment_id).await?;
        let open = parts.into_iter().find(|part| !part.booked);
        open.ok_or(SettlementError::Stored("refund of a payment"))
    }
}

fn shape(journal: &Journal, part: &Refund) -> Shape {
    Shape {
        reverse: Moved::between(&part.body.before, &part.body.rest).insurer,
        settle: !part.rest_msgid.is_empty(),
        cash: !part.cash.is_zero() && journal.channel != TILL,
    }
}
