//! The end of a partial return, one transaction: everything undone and the rest made again, or nothing.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::Work;

use crate::app::App;
use crate::app::booking::{forget_orders, open_day};
use crate::app::relatives::give_back;
use crate::boundary::Boundary;
use crate::domain::benefit::{Leg, LegKind, Totals};
use crate::domain::claim::{Amounts, TotalKey, clr_type};
use crate::domain::ledger::{self, CaptureFacts, Linked};
use crate::domain::payment::{Journal, PaymentState, Step, TILL};
use crate::domain::refund::{Moved, difference, year_difference};
use crate::error::SettlementError;
use crate::store::accumulator::Year;
use crate::store::receivable::Booked;
use crate::store::refund::Refund;
use crate::{events, store};

impl App {
    /// The mirror of what stood, what stays, the differences of accounts and year, the rows of 3201 dated today, the news.
    pub(super) async fn book_part(
        &self,
        journal: &mut Journal,
        part: &Refund,
    ) -> Result<(), SettlementError> {
        let (before, rest) = (&part.body.before, &part.body.rest);
        let moved = Moved::between(before, rest);
        let quote = self.quote_of(journal).await?;
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        let tx = work.tx();
        let mut head = store::ledger::lock(tx, &journal.region).await?;
        let nothing_left = rest.is_nothing();
        journal.end(if nothing_left { PaymentState::Refunded } else { PaymentState::Captured });
        journal.refunded += part.amount;
        let left = !rest.of(LegKind::Channel).is_zero();
        journal.part_came_back(moved.insurer, !part.cash.is_zero(), left);
        store::payment::save(tx, journal).await?;
        forget_orders(&work, journal).await?;
        let reference = part.reference();
        let facts = facts(journal, &reference, now);
        let back = ledger::refund(&facts, &moved.back)?;
        let set = Linked::new(&reference, vec![back, ledger::capture(&facts, &moved.again)?]);
        let placed = head.append_linked(tx, &self.ids, &journal.region, set).await?;
        let sequence = placed.first().copied().unwrap_or_default();
        give_back(&work, journal, &by_payer(&before.legs, &rest.legs), sequence, now).await?;
        let of = Year { person_id: &journal.person_id, year: quote.year, insutype: &journal.insutype };
        for (scope, addition) in year_difference(before, rest) {
            store::accumulator::add(tx, &self.cipher, of, &scope, addition).await?;
        }
        let day = open_day(&work, &journal.fixmedins_code, now.china_date()).await?;
        for (refund, legs, totals) in
            [(true, &moved.back, &before.totals), (false, &moved.again, &rest.totals)]
        {
            let booked = Booked {
                payment_id: &journal.payment_id,
                refund,
                part_no: part.part_no,
                stmt_date: &day,
                fixmedins_code: &journal.fixmedins_code,
                at: now,
            };
            rows(&work, journal, &booked, legs, totals).await?;
        }
        let setl_id = if part.rest_msgid.is_empty() { "" } else { &journal.setl_id };
        store::refund::book(tx, &part.refund_id, setl_id, now).await?;
        head.store(tx).await?;
        if nothing_left {
            work.push(&events::refunded(journal, journal.refunded, now), &journal.payment_id).await?;
        } else {
            work.push(&events::partly_refunded(journal, part, now), &journal.payment_id).await?;
        }
        Boundary::Uncommitted(Step::BookPart).pass();
        Ok(work.done().await?)
    }
}

/// What each account gets back; nothing for those that stay as they are.
fn by_payer(before: &[Leg], rest: &[Leg]) -> Vec<(String, Fen)> {
    let given = difference(before, rest).into_iter().map(|((_, payer), amount)| (payer, amount));
    let mut given: Vec<_> = given.filter(|(payer, amount)| !payer.is_empty() && !amount.is_zero()).collect();
    given.sort();
    given
}

fn facts<'a>(journal: &'a Journal, reference: &'a str, at: Timestamp) -> CaptureFacts<'a> {
    CaptureFacts {
        payment_id: reference,
        region: &journal.region,
        insutype: &journal.insutype,
        institution: &journal.fixmedins_code,
        channel: &journal.channel,
        at,
    }
}

/// The row of 3201 and what each debtor owes, for one side of the return. Called with the region's head locked, so that no day
/// closes meanwhile; a closed day, and with it a closed month, stays as it was agreed.
async fn rows(
    work: &Work,
    journal: &Journal,
    booked: &Booked<'_>,
    legs: &[Leg],
    totals: &Totals,
) -> Result<(), SettlementError> {
    let sign = |amount: Fen| if booked.refund { -amount } else { amount };
    let of = |kinds: &[LegKind]| -> Fen {
        legs.iter().filter(|leg| kinds.contains(&leg.kind)).map(|leg| leg.amount).sum()
    };
    let (fund, accounts) = (of(&[LegKind::Fund]), of(&[LegKind::Account, LegKind::RelativeAccount]));
    if legs.iter().any(|leg| leg.kind.is_insured()) {
        let key = TotalKey {
            insutype: journal.insutype.clone(),
            clr_type: clr_type(&journal.fixmedins_code).to_owned(),
            agency: journal.agency.clone(),
            refund: booked.refund,
        };
        let amounts = Amounts {
            medical: sign(totals.medical),
            fund: sign(fund),
            account: sign(accounts),
            cash: sign(totals.cash),
            count: 1,
        };
        store::receivable::insert_settlement(work.tx(), booked, &key, &amounts).await?;
    }
    let owed = sign(fund + accounts);
    store::receivable::insert(work.tx(), booked, "agency", &journal.agency, owed).await?;
    if journal.channel == TILL {
        return Ok(());
    }
    let owed = sign(of(&[LegKind::Channel]));
    store::receivable::insert(work.tx(), booked, "channel", &journal.channel, owed).await
}
