//! What each member of a group comes to, in the order of arrival. Nothing is read or written here.

use liufang_kernel::Violations;
use liufang_platform::CallMeta;
use liufang_platform::db::{Reply, Told};

use super::group::Facts;
use super::writes::{Booking, Writes};
use super::{Done, Member, Op};
use crate::app::App;
use crate::app::authorise::Authorise;
use crate::app::booking::{facts as capture_facts, open_day_among, statement};
use crate::app::capture::Started;
use crate::app::convergence::LEASE_S;
use crate::app::relatives::aided;
use crate::domain::benefit::LegKind;
use crate::domain::lane::{NotFree, needs};
use crate::domain::ledger;
use crate::domain::payment::{Journal, Payment, PaymentState, cash_of, first_step};
use crate::domain::quote::Quote;
use crate::error::{Refusal, SettlementError};
use crate::store::ledger::Head;
use crate::{events, store};

/// Where a member's outcome is found once everything is written.
pub(super) enum Plan {
    Replayed(Box<Payment>),
    /// The same call was committed before.
    Known,
    /// There was nothing to do.
    Nothing,
    Inserted(usize),
    /// Given up instead of started.
    GivenUp,
    Started(usize),
    Saved(usize),
}

impl Plan {
    pub(super) fn done(self, writes: &Writes) -> Result<Done, SettlementError> {
        let saved = |n: usize| writes.saved.get(n).cloned().ok_or(SettlementError::Stored("group"));
        match self {
            Plan::Replayed(payment) => Ok(Done::Authorised(*payment)),
            Plan::Known | Plan::Nothing | Plan::GivenUp => Ok(Done::Started(None)),
            Plan::Inserted(n) => {
                let journal = writes.inserted.get(n).ok_or(SettlementError::Stored("group"))?;
                Ok(Done::Authorised(journal.view()))
            }
            Plan::Started(n) => Ok(Done::Started(Some(saved(n)?))),
            Plan::Saved(n) => Ok(Done::Saved(saved(n)?)),
        }
    }

    /// What is kept under the key of its call.
    pub(super) fn reply<'a>(
        &self,
        meta: &'a CallMeta,
        writes: &Writes,
    ) -> Result<Option<Reply<'a>>, SettlementError> {
        Ok(match self {
            Plan::Replayed(_) | Plan::Known | Plan::Saved(_) => None,
            Plan::Inserted(n) => {
                let journal = writes.inserted.get(*n).ok_or(SettlementError::Stored("group"))?;
                Some(Reply::new(meta, &journal.view())?)
            }
            Plan::Nothing | Plan::GivenUp => Some(Reply::new(meta, &Started { started: false })?),
            Plan::Started(_) => Some(Reply::new(meta, &Started { started: true })?),
        })
    }
}

impl App {
    /// A refusal leaves facts, head and writes as they were.
    pub(super) fn decide(
        &self,
        member: &Member,
        facts: &mut Facts,
        head: &mut Head,
        writes: &mut Writes,
    ) -> Result<Plan, SettlementError> {
        match &member.op {
            Op::Offer(_) | Op::Save(..) => Err(SettlementError::Stored("lane")),
            Op::Authorise(body, quote) => self.decide_authorise(member, body, quote, facts, writes),
            Op::Start(payment_id) => self.decide_start(member, payment_id, facts, writes),
            Op::Book(journal, quote, heard) => {
                writes.heard.extend(heard.clone());
                self.decide_book(member, journal.clone(), quote, facts, head, writes)
            }
        }
    }

    /// Order of checks: exists → used → expired → year → body → channel → balance.
    fn decide_authorise(
        &self,
        member: &Member,
        body: &Authorise,
        quote: &Quote,
        facts: &mut Facts,
        writes: &mut Writes,
    ) -> Result<Plan, SettlementError> {
        let now = member.meta.as_ref().map_or_else(|| self.clock.now(), |meta| meta.now);
        let user = facts.users.get(&body.quote_id).filter(|_| quote.order_id == body.order_id);
        let user = user.ok_or(Refusal::QuoteNotFound)?;
        if !user.is_empty() {
            let payment = vec![("payment_id".into(), user.clone())];
            return Err(SettlementError::Refused(Refusal::QuoteUsed, payment));
        }
        if quote.expires_at <= now {
            return Err(Refusal::QuoteExpired.into());
        }
        if !facts.books.stands(&store::accumulator::keyed(&self.cipher, quote, &quote.basis)) {
            let cause = vec![("cause".into(), "benefit_used_since".to_owned())];
            return Err(SettlementError::Refused(Refusal::QuoteExpired, cause));
        }
        if body.hold_expires_at <= now {
            let violations = Violations::of("hold_expires_at_us", "must lie in the future");
            return Err(SettlementError::Invalid(violations));
        }
        if !cash_of(&quote.legs).is_zero() && body.channel.is_empty() {
            return Err(Refusal::ChannelRequired.into());
        }
        let journal = self.new_journal(quote, body, now);
        let needs = needs(&journal.legs);
        facts.books.hold(&needs).map_err(|NotFree(kind)| {
            let leg = if kind == LegKind::Account { "account" } else { "relative_account" };
            SettlementError::Refused(Refusal::InsufficientBalance, vec![("leg".into(), leg.to_owned())])
        })?;
        facts.users.insert(body.quote_id.clone(), journal.payment_id.clone());
        let n = writes.inserted.len();
        writes.placed.extend(needs.into_iter().map(|need| (n, self.ids.next("hld"), need)));
        if !journal.channel_cash().is_zero() || (journal.mobile && !body.payer.pay_auth_no.is_empty()) {
            writes.payers.push((n, body.payer.clone()));
        }
        writes.inserted.push(journal);
        Ok(Plan::Inserted(n))
    }

    /// The intent with every number the outside will know us by, before anybody is called.
    fn decide_start(
        &self,
        member: &Member,
        payment_id: &str,
        facts: &mut Facts,
        writes: &mut Writes,
    ) -> Result<Plan, SettlementError> {
        let now = member.meta.as_ref().map_or_else(|| self.clock.now(), |meta| meta.now);
        let mut journal = facts.payments.get(payment_id).cloned().ok_or(Refusal::PaymentNotFound)?;
        match journal.state {
            PaymentState::Authorised if journal.hold_expires_at <= now => {
                return Err(SettlementError::in_state(Refusal::PaymentEnded, "expired"));
            }
            PaymentState::Authorised => {}
            PaymentState::Voided | PaymentState::Expired => {
                return Err(SettlementError::in_state(Refusal::PaymentEnded, journal.state.as_str()));
            }
            _ => return Ok(Plan::Nothing),
        }
        let quote = facts.quotes.get(&journal.quote_id);
        let quote = quote.ok_or(SettlementError::Stored("quote of a payment"))?;
        // two captures of one person never run on the same year at once: the later waits until the earlier is booked
        let twin = |twin: &Journal| {
            twin.person_id == quote.person_id && twin.payment_id != payment_id && twin.may_use_fund()
        };
        if !quote.basis.is_empty() && facts.pending.iter().any(twin) {
            return Err(SettlementError::LostRace);
        }
        if !facts.books.stands(&store::accumulator::keyed(&self.cipher, quote, &quote.basis)) {
            // a twin order of the same person was settled first; this one has to be quoted anew
            let held = needs(&journal.legs);
            facts.books.release(&held).map_err(|_| BELOW)?;
            journal.failure_reason = "BENEFIT_USED_SINCE".to_owned();
            journal.end(PaymentState::Expired);
            let event = events::ended(&journal, "EXPIRED", now);
            writes.told.push(Told::new(&event, payment_id, &member.traceparent));
            writes.released.push((payment_id.to_owned(), held));
            writes.saved.push(journal);
            return Ok(Plan::GivenUp);
        }
        journal.state = PaymentState::Pending;
        journal.step = first_step(journal.channel_cash(), journal.insured());
        journal.next_at = now.plus_seconds(LEASE_S);
        let n = writes.saved.len();
        if journal.insured() {
            writes.numbered.push((n, now));
        }
        writes.sending.push((n, now));
        facts.pending.push(journal.clone());
        writes.saved.push(journal);
        Ok(Plan::Started(n))
    }

    /// Holds become a ledger transfer, the year moves, the institution is owed, the news goes out: together.
    fn decide_book(
        &self,
        member: &Member,
        mut journal: Journal,
        quote: &Quote,
        facts: &mut Facts,
        head: &mut Head,
        writes: &mut Writes,
    ) -> Result<Plan, SettlementError> {
        let now = self.clock.now();
        journal.end(PaymentState::Captured);
        journal.captured_at = now;
        if journal.setl_id.is_empty() {
            // no insured leg, so no number of the insurer's
            journal.setl_id = format!("LF{}", self.ids.digits(18));
        }
        let draft = ledger::capture(&capture_facts(&journal, now), &journal.legs)?;
        let sequence = head.stage(&self.ids, &journal.region, draft)?;
        let held = needs(&journal.legs);
        for spent in facts.books.spend(&held, sequence).map_err(|_| BELOW)? {
            let row = statement(&journal, &spent.person_id, spent.line, -spent.amount, spent.balance, now);
            writes.lines.push((spent.person_id, row));
        }
        for need in held.iter().filter(|need| need.person_id != journal.person_id) {
            let (line, balance) = facts.books.tell(&journal.person_id, sequence);
            let row = aided(&journal, &need.person_id, line, -need.amount, balance, now);
            writes.lines.push((journal.person_id.clone(), row));
        }
        writes.settled.push((journal.payment_id.clone(), held));
        let additions = store::accumulator::keyed(&self.cipher, quote, &quote.additions);
        facts.books.add(&additions);
        writes.add_to_years(additions);
        let stmt_date = open_day_among(&facts.closed, &journal.fixmedins_code, now.china_date())?;
        let n = writes.saved.len();
        writes.booked.push(Booking { n, totals: quote.totals.clone(), stmt_date, at: now });
        facts.pending.retain(|pending| pending.payment_id != journal.payment_id);
        let event = events::captured(&journal, &quote.totals);
        writes.told.push(Told::new(&event, &journal.payment_id, &member.traceparent));
        writes.saved.push(journal);
        Ok(Plan::Saved(n))
    }
}

const BELOW: SettlementError = SettlementError::Stored("held amount below its holds");
