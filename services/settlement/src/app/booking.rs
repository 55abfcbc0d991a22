//! The three ends of a payment, each one transaction: captured, failed, refunded.

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Date, Fen, Timestamp};
use liufang_platform::Work;

use crate::app::App;
use crate::app::account::StatementRow;
use crate::domain::accumulate::{Addition, Scope};
use crate::domain::benefit::{Leg, LegKind, Totals};
use crate::domain::claim::{Amounts, TotalKey, clr_type};
use crate::domain::ledger::{self, CaptureFacts};
use crate::domain::payment::{Journal, PaymentState, TILL};
use crate::domain::quote::Quote;
use crate::error::SettlementError;
use crate::store::accumulator::Year;
use crate::store::receivable::Booked;
use crate::{events, store};

impl App {
    /// Holds become a ledger transfer, the year moves, the institution is owed, the news goes out: together.
    pub(super) async fn book_capture(&self, journal: &mut Journal) -> Result<(), SettlementError> {
        let quote = self.quote_of(journal).await?;
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        let tx = work.tx();
        let mut head = store::ledger::lock(tx, &journal.region).await?;
        journal.end(PaymentState::Captured);
        journal.captured_at = now;
        if journal.setl_id.is_empty() {
            // no insured leg, so no number of the insurer's
            journal.setl_id = format!("LF{}", self.ids.digits(18));
        }
        store::payment::save(tx, journal).await?;
        store::payer::forget(tx, &journal.payment_id).await?;
        let draft = ledger::capture(&facts(journal, now), &journal.legs)?;
        let sequence = head.append(tx, &self.ids, &journal.region, draft).await?;
        for spent in store::hold::spend(tx, &journal.payment_id).await? {
            let row = statement(journal, &spent.person_id, sequence, -spent.amount, spent.balance, now);
            store::account::insert_statement(tx, &spent.person_id, &row).await?;
        }
        self.add_to_year(&work, journal, &quote, false).await?;
        self.book_settlement(&work, journal, &quote.totals, false, now).await?;
        head.store(tx).await?;
        work.push(&events::captured(journal, &quote.totals), &journal.payment_id).await?;
        Ok(work.done().await?)
    }

    /// Gives the holds back and says why.
    pub(super) async fn book_failure(&self, journal: &mut Journal) -> Result<(), SettlementError> {
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        journal.end(journal.failed_as());
        store::payment::save(work.tx(), journal).await?;
        store::hold::release(work.tx(), &journal.payment_id).await?;
        store::payer::forget(work.tx(), &journal.payment_id).await?;
        self.plan_late_look(&work, journal, now).await?;
        let event = events::ended(journal, &journal.failure_reason, now);
        work.push(&event, &journal.payment_id).await?;
        Ok(work.done().await?)
    }

    /// The exact mirror of the capture, dated today.
    pub(super) async fn book_refund(&self, journal: &mut Journal) -> Result<(), SettlementError> {
        let quote = self.quote_of(journal).await?;
        let now = self.clock.now();
        let total: Fen = journal.legs.iter().map(|leg| leg.amount).sum();
        let work = self.db.begin_step().await?;
        let tx = work.tx();
        let mut head = store::ledger::lock(tx, &journal.region).await?;
        journal.end(PaymentState::Refunded);
        journal.refunded = total;
        store::payment::save(tx, journal).await?;
        let draft = ledger::refund(&facts(journal, now), &journal.legs)?;
        let sequence = head.append(tx, &self.ids, &journal.region, draft).await?;
        let mut legs: Vec<&Leg> = journal.legs.iter().filter(|leg| !leg.payer_person_id.is_empty()).collect();
        legs.sort_by(|a, b| a.payer_person_id.cmp(&b.payer_person_id));
        for leg in legs {
            let balance = store::account::give_back(tx, &leg.payer_person_id, leg.amount).await?;
            let row = statement(journal, &leg.payer_person_id, sequence, leg.amount, balance, now);
            store::account::insert_statement(tx, &leg.payer_person_id, &row).await?;
        }
        self.add_to_year(&work, journal, &quote, true).await?;
        self.book_settlement(&work, journal, &quote.totals, true, now).await?;
        head.store(tx).await?;
        work.push(&events::refunded(journal, total, now), &journal.payment_id).await?;
        Ok(work.done().await?)
    }

    pub(super) async fn quote_of(&self, journal: &Journal) -> Result<Quote, SettlementError> {
        let found = store::quote::find(self.db.read(), &self.cipher, &journal.quote_id).await?;
        Ok(found.ok_or(SettlementError::Stored("quote of a payment"))?.quote)
    }

    async fn add_to_year(
        &self,
        work: &Work,
        journal: &Journal,
        quote: &Quote,
        refund: bool,
    ) -> Result<(), SettlementError> {
        let of = Year { person_id: &journal.person_id, year: quote.year, insutype: &journal.insutype };
        for (scope, addition) in &quote.additions {
            let (scope, addition): (&Scope, Addition) =
                (scope, if refund { addition.mirrored() } else { *addition });
            store::accumulator::add(work.tx(), &self.cipher, of, scope, addition).await?;
        }
        Ok(())
    }

    /// The row of 3201 and what each debtor owes. Called with the head of the region's ledger locked, so that no day closes meanwhile.
    async fn book_settlement(
        &self,
        work: &Work,
        journal: &Journal,
        totals: &Totals,
        refund: bool,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        let stmt_date = open_day(work, &journal.fixmedins_code, now.china_date()).await?;
        let booked = Booked {
            payment_id: &journal.payment_id,
            refund,
            part_no: 0,
            stmt_date: &stmt_date,
            fixmedins_code: &journal.fixmedins_code,
            at: now,
        };
        let sign = |amount: Fen| if refund { -amount } else { amount };
        let owed = |insured: bool| {
            let legs = journal.legs.iter().filter(move |leg| leg.kind.is_insured() == insured);
            sign(legs.map(|leg| leg.amount).sum::<Fen>())
        };
        if journal.insured() {
            let key = TotalKey {
                insutype: journal.insutype.clone(),
                clr_type: clr_type(&journal.fixmedins_code).to_owned(),
                agency: journal.agency.clone(),
                refund,
            };
            let accounts = accounts(&journal.legs);
            let amounts = Amounts {
                medical: sign(totals.medical),
                fund: sign(totals.fund),
                account: sign(accounts),
                cash: sign(totals.cash),
                count: 1,
            };
            store::receivable::insert_settlement(work.tx(), &booked, &key, &amounts).await?;
        }
        store::receivable::insert(work.tx(), &booked, "agency", &journal.agency, owed(true)).await?;
        if journal.channel == TILL {
            return Ok(());
        }
        store::receivable::insert(work.tx(), &booked, "channel", &journal.channel, owed(false)).await
    }
}

/// Own and relatives' accounts together, whatever the region's convention of `acct_pay` is.
fn accounts(legs: &[Leg]) -> Fen {
    let account = |leg: &&Leg| matches!(leg.kind, LegKind::Account | LegKind::RelativeAccount);
    legs.iter().filter(account).map(|leg| leg.amount).sum()
}

fn facts(journal: &Journal, at: Timestamp) -> CaptureFacts<'_> {
    CaptureFacts {
        payment_id: &journal.payment_id,
        region: &journal.region,
        insutype: &journal.insutype,
        institution: &journal.fixmedins_code,
        channel: &journal.channel,
        at,
    }
}

pub(super) fn statement(
    journal: &Journal,
    person_id: &str,
    sequence: i64,
    amount: Fen,
    balance: Fen,
    at: Timestamp,
) -> StatementRow {
    StatementRow {
        sequence,
        at,
        kind: if amount < Fen::ZERO { "capture" } else { "refund" }.to_owned(),
        amount,
        balance,
        order_id: journal.order_id.clone(),
        for_relative: person_id != journal.person_id,
    }
}

/// The statement date of what is booked now: today, or the first day after it that is not closed yet. A closed day
/// stays as it was agreed (`domain.md` §5.2).
pub(super) async fn open_day(
    work: &Work,
    fixmedins_code: &str,
    today: Date,
) -> Result<String, SettlementError> {
    let mut day = today;
    loop {
        let text = date_text(day);
        if !store::claim::is_closed(work.tx(), fixmedins_code, &text).await? {
            return Ok(text);
        }
        day = day.next_day().ok_or(SettlementError::Stored("calendar"))?;
    }
}
