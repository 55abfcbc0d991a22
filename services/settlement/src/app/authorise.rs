//! Authorise, void and expire: holds are placed together and given back together.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp, Violations};
use liufang_platform::{Begun, Call, CallMeta, Work};

use crate::app::App;
use crate::domain::benefit::{LegKind, OutsideFees};
use crate::domain::payment::{Journal, Payer, Payment, PaymentState, Step, TILL, cash_of};
use crate::domain::quote::Quote;
use crate::error::{Refusal, SettlementError};
use crate::{events, store};

/// Hold every leg of a quote.
#[derive(Clone, Debug)]
pub struct Authorise {
    pub quote_id: String,
    pub order_id: String,
    /// Word of the channel; empty when none was chosen.
    pub channel: String,
    pub hold_expires_at: Timestamp,
    /// Of the cash part.
    pub payer: Payer,
}

/// How many payments one step of the expiry worker ends.
const BATCH: u64 = 32;

impl App {
    /// Holds every account leg until the deadline, or nothing.
    pub async fn authorise(&self, call: Call<Authorise>) -> Result<Payment, SettlementError> {
        let Call { meta, body } = call;
        self.trial(&meta, &body).await?;
        let work = match self.db.begin::<Payment>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(payment) => return Ok(payment),
        };
        let quote = self.usable_quote(&work, &body, &meta).await?;
        let journal = self.new_journal(&quote, &body, meta.now);
        if !store::quote::mark_used(work.tx(), &quote.quote_id, &journal.payment_id).await? {
            return Err(Refusal::QuoteUsed.into());
        }
        self.hold(&work, &journal).await?;
        store::payment::insert(work.tx(), &journal).await?;
        if !journal.channel_cash().is_zero() {
            store::payer::insert(work.tx(), &self.cipher, &journal.payment_id, &body.payer).await?;
        }
        Ok(work.commit(journal.view()).await?)
    }

    /// Order of checks: exists → used → expired → body → channel.
    async fn usable_quote(
        &self,
        work: &Work,
        body: &Authorise,
        meta: &CallMeta,
    ) -> Result<Quote, SettlementError> {
        let found = store::quote::find(work.tx(), &self.cipher, &body.quote_id).await?;
        let stored = found.filter(|stored| stored.quote.order_id == body.order_id);
        let stored = stored.ok_or(Refusal::QuoteNotFound)?;
        if !stored.payment_id.is_empty() {
            let facts = vec![("payment_id".into(), stored.payment_id)];
            return Err(SettlementError::Refused(Refusal::QuoteUsed, facts));
        }
        if stored.quote.expires_at <= meta.now {
            return Err(Refusal::QuoteExpired.into());
        }
        if !store::accumulator::stands(work.tx(), &self.cipher, &stored.quote).await? {
            let facts = vec![("cause".into(), "benefit_used_since".to_owned())];
            return Err(SettlementError::Refused(Refusal::QuoteExpired, facts));
        }
        if body.hold_expires_at <= meta.now {
            let violations = Violations::of("hold_expires_at_us", "must lie in the future");
            return Err(SettlementError::Invalid(violations));
        }
        if !cash_of(&stored.quote.legs).is_zero() && body.channel.is_empty() {
            return Err(Refusal::ChannelRequired.into());
        }
        Ok(stored.quote)
    }

    fn new_journal(&self, quote: &Quote, body: &Authorise, now: Timestamp) -> Journal {
        let cash = cash_of(&quote.legs);
        let has_cash = !cash.is_zero();
        let mut legs = quote.legs.clone();
        for leg in legs.iter_mut().filter(|leg| leg.kind == LegKind::Channel) {
            leg.debtor.clone_from(&body.channel);
        }
        let day = now.china_date();
        let date = format!("{:04}{:02}{:02}", day.year(), u8::from(day.month()), day.day());
        Journal {
            payment_id: self.ids.next("pay"),
            quote_id: quote.quote_id.clone(),
            order_id: quote.order_id.clone(),
            person_id: quote.person_id.clone(),
            fixmedins_code: quote.fixmedins_code.clone(),
            region: quote.region.clone(),
            insutype: quote.insutype.clone(),
            agency: quote.agency.clone(),
            state: PaymentState::Authorised,
            step: Step::Idle,
            attempts: 0,
            next_at: Timestamp(0),
            version: 1,
            legs,
            cash,
            freight: OutsideFees::freight(&quote.outside),
            channel: if has_cash { body.channel.clone() } else { String::new() },
            channel_order_no: if has_cash && body.channel != TILL {
                format!("LF{date}{}", self.ids.digits(18))
            } else {
                String::new()
            },
            refund_no: String::new(),
            msgid: String::new(),
            reverse_msgid: String::new(),
            setl_id: String::new(),
            hold_expires_at: body.hold_expires_at,
            captured_at: Timestamp(0),
            refunded: Fen::ZERO,
            failure_reason: String::new(),
            refund_reason: String::new(),
            created_at: now,
        }
    }

    /// One hold an account, in the order of accounts, so that two payments never wait for each other in a ring.
    async fn hold(&self, work: &Work, journal: &Journal) -> Result<(), SettlementError> {
        let mut needs: BTreeMap<&str, (Fen, LegKind)> = BTreeMap::new();
        for leg in journal.legs.iter().filter(|leg| !leg.payer_person_id.is_empty()) {
            needs.entry(&leg.payer_person_id).or_insert((Fen::ZERO, leg.kind)).0 += leg.amount;
        }
        for (person_id, (amount, kind)) in needs {
            let hold_id = self.ids.next("hld");
            let of = (journal.payment_id.as_str(), journal.region.as_str());
            let until = journal.hold_expires_at;
            if !store::hold::place(work.tx(), hold_id, of, person_id, amount, until).await? {
                let leg = if kind == LegKind::Account { "account" } else { "relative_account" };
                let facts = vec![("leg".into(), leg.to_owned())];
                return Err(SettlementError::Refused(Refusal::InsufficientBalance, facts));
            }
        }
        Ok(())
    }

    /// Gives held legs back. A payment under way in the channel is hurried to its end instead: its deadline becomes now.
    pub async fn void(&self, call: Call<String>) -> Result<Payment, SettlementError> {
        let work = match self.db.begin::<Payment>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(payment) => return Ok(payment),
        };
        let found = store::payment::find(work.tx(), &call.body).await?;
        let mut journal = found.ok_or(Refusal::PaymentNotFound)?;
        match journal.state {
            PaymentState::Authorised => {
                self.give_up(&work, &mut journal, PaymentState::Voided, "VOIDED", call.meta.now).await?;
            }
            PaymentState::Pending
                if matches!(journal.step, Step::PayChannel | Step::AskChannel | Step::CloseChannel) =>
            {
                journal.hold_expires_at = journal.hold_expires_at.min(call.meta.now);
                journal.next_at = call.meta.now;
                store::payment::save(work.tx(), &mut journal).await?;
            }
            PaymentState::Captured | PaymentState::Refunding | PaymentState::Refunded => {
                return Err(SettlementError::in_state(Refusal::PaymentCaptured, journal.state.as_str()));
            }
            PaymentState::Pending | PaymentState::Voided | PaymentState::Expired | PaymentState::Failed => {}
        }
        Ok(work.commit(journal.view()).await?)
    }

    /// Ends a payment that never reached capture.
    pub(super) async fn give_up(
        &self,
        work: &Work,
        journal: &mut Journal,
        state: PaymentState,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        journal.end(state);
        store::payment::save(work.tx(), journal).await?;
        store::hold::release(work.tx(), &journal.payment_id).await?;
        store::payer::forget(work.tx(), &journal.payment_id).await?;
        work.push(&events::ended(journal, reason, now), &journal.payment_id).await?;
        Ok(())
    }

    /// Worker step: ends authorised payments whose hold is over; answers how many.
    pub async fn expire_step(&self) -> Result<usize, SettlementError> {
        let now = self.clock.now();
        let overdue = store::payment::overdue(self.db.read(), now, self.expiring.reach(BATCH)).await?;
        let mut ended = 0;
        for id in self.expiring.pick(overdue, BATCH) {
            let expired = self.expiring.settle(&id, self.expire(&id, now).await)?;
            ended += usize::from(expired == Some(true));
        }
        Ok(ended)
    }

    /// False when somebody captured or voided it first.
    async fn expire(&self, payment_id: &str, now: Timestamp) -> Result<bool, SettlementError> {
        let work = self.db.begin_step().await?;
        let found = store::payment::find(work.tx(), payment_id).await?;
        let held = |journal: &Journal| journal.state == PaymentState::Authorised;
        let Some(mut journal) = found.filter(held) else { return Ok(false) };
        self.give_up(&work, &mut journal, PaymentState::Expired, "EXPIRED", now).await?;
        work.done().await?;
        Ok(true)
    }
}
