//! The three ends of a payment, each one transaction: captured, failed, refunded.

use std::collections::BTreeSet;
use std::sync::Arc;

use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Date, Fen, Timestamp};
use liufang_platform::Work;
use liufang_platform::db::together::Together;

use crate::app::App;
use crate::app::account::StatementRow;
use crate::app::lane::{Done, Op};
use crate::app::messages::Heard;
use crate::app::relatives::give_back;
use crate::boundary::Boundary;
use crate::domain::accumulate::{Addition, Scope};
use crate::domain::benefit::{Leg, LegKind, Totals};
use crate::domain::claim::{Amounts, TotalKey, clr_type};
use crate::domain::ledger::{self, CaptureFacts};
use crate::domain::payment::{Journal, PaymentState, Step, TILL};
use crate::domain::quote::Quote;
use crate::error::SettlementError;
use crate::store::accumulator::Year;
use crate::store::receivable::{Booked, Owed};
use crate::{events, store};

impl App {
    /// Books with whoever else is at it in the region ([`super::lane`]).
    pub(super) async fn book_capture(
        &self,
        journal: &mut Journal,
        heard: Option<Heard>,
    ) -> Result<(), SettlementError> {
        let quote = self.quote_of(journal).await?;
        let region = journal.region.clone();
        match self.through(&region, Op::Book(journal.clone(), quote, heard), None).await? {
            Done::Saved(booked) => *journal = booked,
            _ => return Err(SettlementError::Stored("lane")),
        }
        Boundary::Written(Step::Book).pass();
        Ok(())
    }

    /// Gives the holds back and says why.
    pub(super) async fn book_failure(&self, journal: &mut Journal) -> Result<(), SettlementError> {
        let now = self.clock.now();
        let work = self.db.begin_step().await?;
        // before any account, as wherever accounts are moved
        store::ledger::lock(work.tx(), &journal.region).await?;
        journal.end(journal.failed_as());
        store::payment::save(work.tx(), journal).await?;
        store::hold::release(work.tx(), &journal.payment_id).await?;
        store::payer::forget(work.tx(), &journal.payment_id).await?;
        forget_orders(&work, journal).await?;
        self.plan_late_look(&work, journal, now).await?;
        let event = events::ended(journal, &journal.failure_reason, now);
        work.push(&event, &journal.payment_id).await?;
        Boundary::Uncommitted(Step::Fail).pass();
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
        forget_orders(&work, journal).await?;
        let draft = ledger::refund(&facts(journal, now), &journal.legs)?;
        let sequence = head.append(tx, &self.ids, &journal.region, draft).await?;
        let legs = journal.legs.iter().filter(|leg| !leg.payer_person_id.is_empty());
        let mut back: Vec<_> = legs.map(|leg| (leg.payer_person_id.clone(), leg.amount)).collect();
        back.sort();
        give_back(&work, journal, &back, sequence, now).await?;
        self.add_to_year(&work, journal, &quote, true).await?;
        self.book_settlement(&work, journal, &quote.totals, true, now).await?;
        head.store(tx).await?;
        work.push(&events::refunded(journal, total, now), &journal.payment_id).await?;
        Boundary::Uncommitted(Step::BookRefund).pass();
        Ok(work.done().await?)
    }

    /// The quote of a payment as it is captured. While a capture runs nobody writes another one.
    pub(super) async fn quote_of(&self, journal: &Journal) -> Result<Arc<Quote>, SettlementError> {
        let running = journal.state == PaymentState::Pending;
        if let Some(known) = self.memory.running(&journal.payment_id).filter(|_| running) {
            return Ok(known);
        }
        let found = store::quote::find(self.db.read(), &self.cipher, &journal.quote_id).await?;
        let quote = Arc::new(found.ok_or(SettlementError::Stored("quote of a payment"))?);
        if running {
            self.memory.keep_running(&journal.payment_id, quote.clone());
        }
        Ok(quote)
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
        let Claimed { settlement, owed } = claimed(journal, totals, refund, &stmt_date, now);
        let mut all = Together::default();
        all.add(store::receivable::settling(work.tx(), settlement.as_slice())?);
        all.add(store::receivable::owing(work.tx(), &owed)?);
        all.run(work.tx()).await?;
        Ok(())
    }
}

/// What orders at the mobile-payment centre are called by goes with their end: an order that stands can still be given back, none
/// of a payment that has ended.
pub(super) async fn forget_orders(work: &Work, journal: &Journal) -> Result<(), SettlementError> {
    if !journal.mobile {
        return Ok(());
    }
    let standing = if journal.state == PaymentState::Captured { journal.msgid.as_str() } else { "" };
    store::mobile::forget(work.tx(), &journal.payment_id, standing).await
}

/// The row of 3201 and what each debtor owes.
pub(super) struct Claimed<'a> {
    pub settlement: Option<(Booked<'a>, TotalKey, Amounts)>,
    pub owed: Vec<Owed<'a>>,
}

/// What a capture, or the return of everything, makes of the institution's claims.
pub(super) fn claimed<'a>(
    journal: &'a Journal,
    totals: &Totals,
    refund: bool,
    stmt_date: &'a str,
    at: Timestamp,
) -> Claimed<'a> {
    let booked = Booked {
        payment_id: &journal.payment_id,
        refund,
        part_no: 0,
        stmt_date,
        fixmedins_code: &journal.fixmedins_code,
        at,
    };
    let sign = |amount: Fen| if refund { -amount } else { amount };
    let debt = |insured: bool| {
        let legs = journal.legs.iter().filter(move |leg| leg.kind.is_insured() == insured);
        sign(legs.map(|leg| leg.amount).sum::<Fen>())
    };
    let settlement = journal.insured().then(|| {
        let key = TotalKey {
            insutype: journal.insutype.clone(),
            clr_type: clr_type(&journal.fixmedins_code).to_owned(),
            agency: journal.agency.clone(),
            refund,
        };
        let amounts = Amounts {
            medical: sign(totals.medical),
            fund: sign(totals.fund),
            account: sign(accounts(&journal.legs)),
            cash: sign(totals.cash),
            count: 1,
        };
        (booked, key, amounts)
    });
    let owed = |debtor_kind: &'static str, debtor: &'a str, amount: Fen| Owed {
        booked,
        debtor_kind,
        debtor,
        amount,
    };
    let mut all = vec![owed("agency", &journal.agency, debt(true))];
    if journal.channel != TILL {
        all.push(owed("channel", &journal.channel, debt(false)));
    }
    Claimed { settlement, owed: all }
}

/// Own and relatives' accounts together, whatever the region's convention of `acct_pay` is.
fn accounts(legs: &[Leg]) -> Fen {
    let account = |leg: &&Leg| matches!(leg.kind, LegKind::Account | LegKind::RelativeAccount);
    legs.iter().filter(account).map(|leg| leg.amount).sum()
}

pub(super) fn facts(journal: &Journal, at: Timestamp) -> CaptureFacts<'_> {
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
    let for_relative = person_id != journal.person_id;
    StatementRow {
        sequence,
        at,
        kind: if amount < Fen::ZERO { "capture" } else { "refund" }.to_owned(),
        amount,
        balance,
        order_id: journal.order_id.clone(),
        for_relative,
        other_person_id: if for_relative { journal.person_id.clone() } else { String::new() },
        aid: Fen::ZERO,
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

/// As [`open_day`], of an institution whose closed days from today on are known.
pub(super) fn open_day_among(
    closed: &BTreeSet<(String, String)>,
    fixmedins_code: &str,
    today: Date,
) -> Result<String, SettlementError> {
    let mut day = today;
    loop {
        let text = date_text(day);
        if !closed.contains(&(fixmedins_code.to_owned(), text.clone())) {
            return Ok(text);
        }
        day = day.next_day().ok_or(SettlementError::Stored("calendar"))?;
    }
}
