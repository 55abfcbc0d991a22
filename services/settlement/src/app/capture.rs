//! Capture and refund: what the caller starts, the journal finishes.

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call, Work};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::lane::{Done, Op};
use crate::boundary::Boundary;
use crate::domain::payment::{Journal, Payment, PaymentState, Step, first_step};
use crate::domain::quote::Quote;
use crate::error::{Refusal, SettlementError};
use crate::store;

/// Refund a payment whole.
#[derive(Clone, Debug)]
pub struct Refund {
    pub payment_id: String,
    pub reason: String,
}

/// Which payment to look up.
#[derive(Clone, Debug)]
pub enum Lookup {
    Payment(String),
    Order(String),
}

/// Stored under the caller's key instead of a state that will be out of date: a repeat answers how the payment stands
/// now.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Started {
    pub started: bool,
}

impl App {
    /// Settles the held legs. A repeat answers the present state.
    pub async fn capture(&self, call: Call<String>) -> Result<Payment, SettlementError> {
        let Call { meta, body: payment_id } = call;
        let Some(region) = self.region_of(&payment_id).await? else {
            // the key may have been another request's
            let _: Option<Started> = self.db.replayed(&meta).await?;
            return Err(Refusal::PaymentNotFound.into());
        };
        match self.through(&region, Op::Start(payment_id.clone()), Some(meta)).await? {
            Done::Started(Some(journal)) => {
                Boundary::Started.pass();
                self.run(journal).await
            }
            _ => Ok(self.journal(&payment_id).await?.view()),
        }
    }

    /// Writes the intent with every number the outside will know us by, before anybody is called.
    pub(super) async fn start_capture(
        &self,
        work: &Work,
        payment_id: &str,
        now: Timestamp,
    ) -> Result<Option<Journal>, SettlementError> {
        let found = store::payment::find(work.tx(), payment_id).await?;
        let mut journal = found.ok_or(Refusal::PaymentNotFound)?;
        match journal.state {
            PaymentState::Authorised if journal.hold_expires_at <= now => {
                return Err(SettlementError::in_state(Refusal::PaymentEnded, "expired"));
            }
            PaymentState::Authorised => {}
            PaymentState::Voided | PaymentState::Expired => {
                return Err(SettlementError::in_state(Refusal::PaymentEnded, journal.state.as_str()));
            }
            _ => return Ok(None),
        }
        let found = store::quote::find(work.tx(), &self.cipher, &journal.quote_id).await?;
        let quote = found.ok_or(SettlementError::Stored("quote of a payment"))?;
        if !quote.basis.is_empty() {
            // the head of the region is locked: no twin starts meanwhile
            alone(work, &quote, payment_id).await?;
        }
        if !store::accumulator::stands(work.tx(), &self.cipher, &quote).await? {
            // a twin order of the same person was settled first; this one has to be quoted anew
            journal.failure_reason = "BENEFIT_USED_SINCE".to_owned();
            self.give_up(work, &mut journal, PaymentState::Expired, "EXPIRED", now).await?;
            return Ok(None);
        }
        if journal.insured() {
            journal.msgid = self.msgid(work, &journal.fixmedins_code, now).await?;
        }
        journal.state = PaymentState::Pending;
        journal.step = first_step(journal.channel_cash(), journal.insured());
        self.sending(work, &journal, now).await?;
        self.lease(work, &mut journal, now).await?;
        Ok(Some(journal))
    }

    /// Returns a captured payment whole. A repeat answers the present state.
    pub async fn refund(&self, call: Call<Refund>) -> Result<Payment, SettlementError> {
        if let Begun::Fresh(work) = self.db.begin::<Started>(&call.meta).await? {
            let started = self.start_refund(&work, &call.body, call.meta.now).await?;
            work.commit(Started { started: started.is_some() }).await?;
            Boundary::Refunding.pass();
            if let Some(journal) = started {
                return self.run(journal).await;
            }
        }
        Ok(self.journal(&call.body.payment_id).await?.view())
    }

    pub(super) async fn start_refund(
        &self,
        work: &Work,
        body: &Refund,
        now: Timestamp,
    ) -> Result<Option<Journal>, SettlementError> {
        let found = store::payment::find(work.tx(), &body.payment_id).await?;
        let mut journal = found.ok_or(Refusal::PaymentNotFound)?;
        match journal.state {
            // what earlier returns left goes back as the last of them
            PaymentState::Captured if !journal.refunded.is_zero() => {
                return self.start_last_part(work, journal, &body.reason, now).await.map(Some);
            }
            PaymentState::Captured => {}
            PaymentState::Refunding if journal.returns_a_part() => return Err(SettlementError::LostRace),
            PaymentState::Refunding | PaymentState::Refunded => return Ok(None),
            other => return Err(SettlementError::in_state(Refusal::PaymentNotCaptured, other.as_str())),
        }
        journal.step = match (journal.channel_cash().is_zero(), journal.insured()) {
            (false, _) => Step::RefundChannel,
            (true, true) => Step::ReverseInsurer,
            (true, false) => Step::BookRefund,
        };
        if journal.insured() {
            journal.reverse_msgid = self.msgid(work, &journal.fixmedins_code, now).await?;
        }
        if !journal.channel_cash().is_zero() && journal.refund_no.is_empty() {
            journal.refund_no = format!("RF{}", self.ids.digits(24));
        }
        journal.refund_reason.clone_from(&body.reason);
        journal.state = PaymentState::Refunding;
        self.sending(work, &journal, now).await?;
        self.lease(work, &mut journal, now).await?;
        Ok(Some(journal))
    }

    /// A new number at the insurer.
    pub(super) async fn msgid(
        &self,
        work: &Work,
        fixmedins_code: &str,
        now: Timestamp,
    ) -> Result<String, SettlementError> {
        let number = store::notice::next_message(work.tx(), fixmedins_code).await?;
        Ok(msgid(fixmedins_code, now, number))
    }

    /// A payment with what its payer's app hands to the channel's; empty unless the channel waits for the payer. Never kept
    /// among the replies.
    pub async fn with_pay_params(
        &self,
        payment: Result<Payment, SettlementError>,
    ) -> Result<(Payment, String), SettlementError> {
        let payment = payment?;
        let pay_params = match payment.state {
            PaymentState::Pending => {
                store::payer::pay_params(self.db.read(), &self.cipher, &payment.payment_id).await?
            }
            _ => String::new(),
        };
        Ok((payment, pay_params))
    }

    /// One payment; a patient sees own ones.
    pub async fn get_payment(&self, call: Call<Lookup>) -> Result<Payment, SettlementError> {
        let found = match &call.body {
            Lookup::Payment(id) => store::payment::find(self.db.read(), id).await?,
            Lookup::Order(id) => store::payment::of_order(self.db.read(), id).await?,
        };
        let journal = found.ok_or(Refusal::PaymentNotFound)?;
        let own = call.meta.principal.is_service() || call.meta.principal.person()? == journal.person_id;
        if own { Ok(journal.view()) } else { Err(Refusal::PaymentNotFound.into()) }
    }
}

/// Two captures of one person never run on the same year at once: the later waits until the earlier is booked.
async fn alone(work: &Work, quote: &Quote, payment_id: &str) -> Result<(), SettlementError> {
    let twins = store::payment::pending_of(work.tx(), &quote.person_id).await?;
    match twins.iter().any(|twin| twin.payment_id != payment_id && twin.may_use_fund()) {
        true => Err(SettlementError::LostRace),
        false => Ok(()),
    }
}

/// `msgid`: institution 12 + time 14 + sequence 4 (`domain.md` §11).
pub(super) fn msgid(fixmedins_code: &str, now: Timestamp, number: i64) -> String {
    let time: String = now.china_text().chars().filter(char::is_ascii_digit).collect();
    format!("{fixmedins_code}{time}{number:04}")
}
