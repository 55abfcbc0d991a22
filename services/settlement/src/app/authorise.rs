//! Authorise, void and expire: holds are placed together and given back together.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{Begun, Call, Work};

use crate::app::App;
use crate::app::lane::{Done, Op};
use crate::boundary::Boundary;
use crate::domain::benefit::{LegKind, OutsideFees};
use crate::domain::payment::{
    Journal, Payer, Payment, PaymentState, Step, TILL, cash_of, goes_mobile, is_insured,
};
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
        let Some(quote) = self.quote(&body.quote_id).await? else {
            // a reply may have been kept, and the key may have been another request's
            let known = self.db.replayed(&meta).await?;
            return known.ok_or_else(|| Refusal::QuoteNotFound.into());
        };
        let region = quote.region.clone();
        match self.through(&region, Op::Authorise(body, quote), Some(meta)).await? {
            Done::Authorised(payment) => {
                Boundary::Authorised.pass();
                Ok(payment)
            }
            _ => Err(SettlementError::Stored("lane")),
        }
    }

    pub(super) fn new_journal(&self, quote: &Quote, body: &Authorise, now: Timestamp) -> Journal {
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
            mobile: goes_mobile(self.region_is_mobile(&quote.region), is_insured(&quote.legs), &body.channel),
            returned_stas: 0,
        }
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
                // before any account, as wherever accounts are moved
                store::ledger::lock(work.tx(), &journal.region).await?;
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
        let payment = work.commit(journal.view()).await?;
        Boundary::Voided.pass();
        Ok(payment)
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
        self.memory.take_payer(&journal.payment_id);
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
        store::ledger::lock(work.tx(), &journal.region).await?;
        self.give_up(&work, &mut journal, PaymentState::Expired, "EXPIRED", now).await?;
        work.done().await?;
        Ok(true)
    }
}
