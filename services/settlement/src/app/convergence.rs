//! The machine that brings every started payment to an end. Each outside call happens under a lease and between two
//! writes of the journal; a crash anywhere resumes at the written step, whose call is idempotent.

use futures::future::join_all;
use liufang_kernel::{Fen, Timestamp};
use liufang_platform::{DbFault, Work};

use crate::app::App;
use crate::app::lane::{Done, Op};
use crate::app::messages::Heard;
use crate::boundary::Boundary;
use crate::domain::benefit::LegKind;
use crate::domain::payment::{
    ChannelSays, InsurerSays, Journal, Next, Payment, Raised, Step, after_answer, after_channel, combined,
};
use crate::error::SettlementError;
use crate::store;
use crate::store::notice::Difference;

/// Longer than any call to the outside may take; after it another process takes over.
pub(super) const LEASE_S: i64 = 10;
/// Bound against a table that loops; far above the longest way.
const MOST_STEPS: usize = 16;
const BATCH: u64 = 16;
/// Failed tries to give cash back after which a person must know (ordStas 16).
const ALARM_AFTER: i64 = 5;

impl App {
    /// Takes a payment for this process and writes it.
    pub(super) async fn lease(
        &self,
        work: &Work,
        journal: &mut Journal,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        journal.next_at = now.plus_seconds(LEASE_S);
        store::payment::save(work.tx(), journal).await
    }

    /// Worker step: resumes payments whose pause or lease is over; answers how many it touched.
    pub async fn converge_step(&self) -> Result<usize, SettlementError> {
        let now = self.clock.now();
        let due = store::payment::due(self.db.read(), now, self.converging.reach(BATCH)).await?;
        let due = self.converging.pick(due, BATCH);
        let results = join_all(due.iter().map(|id| self.resume(id, now))).await;
        let mut touched = 0;
        for (id, result) in due.iter().zip(results) {
            touched += usize::from(self.converging.settle(id, result)? == Some(true));
        }
        Ok(touched)
    }

    /// False when somebody else has it.
    async fn resume(&self, payment_id: &str, now: Timestamp) -> Result<bool, SettlementError> {
        let work = self.db.begin_step().await?;
        let found = store::payment::find(work.tx(), payment_id).await?;
        let due = |journal: &Journal| journal.is_running() && journal.next_at <= now;
        let Some(mut journal) = found.filter(due) else { return Ok(false) };
        self.sending(&work, &journal, now).await?;
        match self.lease(&work, &mut journal, now).await {
            Ok(()) => work.done().await?,
            Err(SettlementError::LostRace) => return Ok(false),
            Err(error) => return Err(error),
        }
        self.run(journal).await?;
        Ok(true)
    }

    /// Runs a leased payment until it ends or has to wait; answers how it stands then.
    pub(crate) async fn run(&self, mut journal: Journal) -> Result<Payment, SettlementError> {
        for _ in 0..MOST_STEPS {
            match self.step(&mut journal).await {
                Ok(true) => {}
                Ok(false) => return Ok(journal.view()),
                // a notice, a void or another process moved it: theirs is the newer word
                Err(SettlementError::LostRace | SettlementError::Db(DbFault::LostRace)) => {
                    return Ok(self.journal(&journal.payment_id).await?.view());
                }
                // of what they ended nothing is held any more, which looks like books that are wrong
                Err(error @ SettlementError::Stored(_)) => {
                    let stands = self.journal(&journal.payment_id).await?;
                    let overtaken = journal.version < stands.version;
                    return if overtaken { Ok(stands.view()) } else { Err(error) };
                }
                Err(error) => return Err(error),
            }
        }
        Ok(journal.view())
    }

    /// One step; true when the next may follow at once.
    async fn step(&self, journal: &mut Journal) -> Result<bool, SettlementError> {
        let step = journal.step;
        let goes_on = self.take_step(journal).await?;
        Boundary::Written(step).pass();
        Ok(goes_on)
    }

    async fn take_step(&self, journal: &mut Journal) -> Result<bool, SettlementError> {
        let mut heard = None;
        let next = match journal.step {
            Step::Idle => return Ok(false),
            Step::Book => return self.book_capture(journal, None).await.map(|()| false),
            Step::Fail => return self.book_failure(journal).await.map(|()| false),
            Step::BookRefund => return self.book_refund(journal).await.map(|()| false),
            _ if journal.returns_a_part() => return self.part_step(journal).await,
            Step::SettleInsurer
            | Step::AskInsurer
            | Step::ReverseInsurer
            | Step::UndoInsurer
            | Step::RevokeInsurer => {
                let (says, setl_id) = self.ask_insurer(journal).await?;
                heard = Heard::of(journal, says);
                if says == InsurerSays::Done && matches!(journal.step, Step::SettleInsurer | Step::AskInsurer)
                {
                    journal.setl_id = setl_id;
                }
                after_answer(journal.step, says, journal.attempts, journal.channel_cash())
            }
            // never create an order nobody may pay any more
            Step::PayChannel if journal.hold_expires_at <= self.clock.now() => Next::Go(Step::CloseChannel),
            _ => {
                let says = self.ask_channel(journal).await?;
                let overdue = journal.hold_expires_at <= self.clock.now();
                after_channel(journal.step, says, journal.cash, journal.insured(), overdue)
            }
        };
        self.write(journal, next, heard).await
    }

    async fn ask_channel(&self, journal: &mut Journal) -> Result<ChannelSays, SettlementError> {
        Ok(match journal.step {
            Step::PayChannel => return self.pay_channel(journal).await,
            Step::CloseChannel => self.outside.close_payment(journal).await,
            Step::RefundChannel | Step::ReturnCash => {
                if journal.refund_no.is_empty() {
                    // derived, not random: a repeat after a crash carries the same number
                    journal.refund_no = format!("RF{}", journal.channel_order_no);
                }
                self.outside.refund_payment(journal).await
            }
            _ => self.outside.query_payment(journal).await,
        })
    }

    /// Creates the order at the channel, and keeps what its payer's app hands over.
    async fn pay_channel(&self, journal: &Journal) -> Result<ChannelSays, SettlementError> {
        let payer = match self.memory.take_payer(&journal.payment_id) {
            Some(payer) => payer,
            None => store::payer::find(self.db.read(), &self.cipher, &journal.payment_id).await?,
        };
        let combined = match journal.insured() {
            true => {
                let quote = self.quote_of(journal).await?;
                combined(journal, &quote)
            }
            false => None,
        };
        let (says, pay_params) = self.outside.create_payment(journal, payer, combined).await;
        if !pay_params.is_empty() {
            let (id, work) = (&journal.payment_id, self.db.begin_step().await?);
            store::payer::keep_pay_params(work.tx(), &self.cipher, id, &pay_params).await?;
            work.done().await?;
        }
        Ok(says)
    }

    async fn ask_insurer(&self, journal: &Journal) -> Result<(InsurerSays, String), SettlementError> {
        if journal.step == Step::RevokeInsurer && !journal.mobile {
            return Ok((self.outside.revoke(journal).await, String::new()));
        }
        let quote = self.quote_of(journal).await?;
        let asked = self.asked(&quote)?;
        if journal.mobile {
            return self.ask_mobile(journal, asked).await;
        }
        Ok(match journal.step {
            Step::SettleInsurer => self.outside.settle(journal, asked).await,
            Step::ReverseInsurer => (self.outside.reverse(journal, Some(&quote.totals)).await, String::new()),
            Step::UndoInsurer => (self.outside.reverse(journal, None).await, String::new()),
            _ => self.outside.query_message(journal, asked).await,
        })
    }

    /// Writes what comes next, and what has to be raised; keeps the lease when going on.
    pub(super) async fn write(
        &self,
        journal: &mut Journal,
        next: Next,
        heard: Option<Heard>,
    ) -> Result<bool, SettlementError> {
        let now = self.clock.now();
        let before = journal.step;
        Boundary::Heard(before).pass();
        let go_on = journal.advance(next, now);
        if go_on {
            journal.next_at = now.plus_seconds(LEASE_S);
        }
        if go_on && journal.step == Step::Book {
            // booking writes it: until then the step before is asked again under the same number
            return self.book_capture(journal, heard).await.map(|()| false);
        }
        if go_on && !matches!(journal.step, Step::UndoInsurer | Step::RevokeInsurer) {
            let (region, op) = (journal.region.clone(), Op::Save(journal.clone(), heard));
            let Done::Saved(saved) = self.through(&region, op, None).await? else {
                return Err(SettlementError::Stored("lane"));
            };
            *journal = saved;
            return Ok(true);
        }
        let work = self.db.begin_step().await?;
        if let Some(heard) = heard {
            self.heard(&work, heard, now).await?;
        }
        if journal.step != before {
            self.number_way_back(&work, journal, now).await?;
        }
        if go_on {
            self.sending(&work, journal, now).await?;
        }
        store::payment::save(work.tx(), journal).await?;
        if journal.step == Step::ReturnCash && journal.attempts == ALARM_AFTER {
            tracing::error!(
                payment_id = journal.payment_id,
                "cash of a refused settlement cannot be given back"
            );
        }
        if let Next::Raise(raised, _) = next {
            self.raise(&work, journal, raised, now).await?;
        }
        work.done().await?;
        Ok(go_on)
    }

    async fn raise(
        &self,
        work: &Work,
        journal: &Journal,
        raised: Raised,
        now: Timestamp,
    ) -> Result<(), SettlementError> {
        let (ours, theirs) = match raised {
            Raised::InsurerAmount(theirs) => (fund_of(journal), theirs),
            _ => (journal.cash, Fen::ZERO),
        };
        let difference = Difference { payment_id: &journal.payment_id, kind: raised.as_str(), ours, theirs };
        if store::notice::raise(work.tx(), &self.ids, &difference, now).await? {
            tracing::error!(payment_id = journal.payment_id, kind = raised.as_str(), "difference raised");
        }
        Ok(())
    }
}

fn fund_of(journal: &Journal) -> Fen {
    let funds = journal.legs.iter().filter(|leg| leg.kind == LegKind::Fund);
    funds.map(|leg| leg.amount).sum()
}
