//! The counter (外配处方): a patient without an order shows an insurance code or a QR, and a designated pharmacy fills what they
//! choose. The prescription's side alone: the money is settled by the pharmacy's own system, or by an order that takes the sale
//! over.

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call, CallMeta};

use super::claim::Admitted;
use super::commands::{ClaimAtCounter, DispenseAtCounter, Proof, ReturnAtCounter, TakeOver};
use super::dispensing::Handing;
use super::replies::{Claimed, Counter, CounterClaim, Qr};
use super::transition::{Edit, no_edit, of_pharmacy};
use super::{App, Outcome};
use crate::domain::counter::{COUNTER_SECONDS, Item, QR_SECONDS, SALE, is_sale};
use crate::domain::lifecycle::{decide, free, open};
use crate::domain::operation::Operation;
use crate::domain::practitioner::check_pharmacy_pharmacist;
use crate::domain::prescription::Prescription;
use crate::domain::refusal::Refusal;
use crate::error::{Missing, PrescriptionError};
use crate::rpc::identity;
use crate::store::counter::{Kind, Opened, Token};
use crate::store::{self, prescription::Record, sealed};

impl App {
    /// A QR of one prescription; the one before is void.
    pub async fn present(&self, call: Call<String>) -> Outcome<Qr> {
        let (now, hi_rxno) = (call.meta.now, call.body.as_str());
        let person = call.meta.principal.person()?;
        let work = match self.deps.db.begin::<Qr>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let found = store::prescription::get(work.tx(), &self.deps.cipher, hi_rxno).await?;
        let record = found
            .filter(|record| record.rx.person_id == person)
            .ok_or(PrescriptionError::Missing(Missing::Prescription))?;
        free(&record.status(), now)?;
        let token = self.deps.ids.secret();
        let expires_at = now.plus_seconds(QR_SECONDS);
        store::counter::void_qr(work.tx(), hi_rxno, now).await?;
        let hash = self.counter_hash(&token);
        let row = Token { hash: &hash, kind: Kind::Qr, person_id: person, hi_rxno, pharmacy: "", expires_at };
        store::counter::insert(work.tx(), &row).await?;
        Ok(work.commit(Qr { token, expires_at_us: expires_at.0 }).await?)
    }

    /// Spends what the patient shows and answers what can be filled. A pharmacy without an agreement spends nothing.
    pub async fn open_counter(&self, call: Call<Proof>) -> Outcome<Counter> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let now = call.meta.now;
        let pharmacy = call.meta.principal.institution()?;
        self.designated(pharmacy, now).await?;
        let present = match &call.body {
            Proof::Presence(token) => {
                let key = redeem_key(&call.meta, pharmacy);
                Some(identity::redeem_presence(&self.deps.peers, token.reveal(), pharmacy, &key).await?)
            }
            Proof::Qr(token) => {
                let hash = self.counter_hash(token.reveal());
                let owner = store::counter::owner_of_qr(self.deps.db.read(), &hash, now).await?;
                let owner = owner.ok_or(Refusal::QrInvalid)?;
                // what the counter is about to see is a reading that the person can list; decoding a code leaves its own
                identity::person(&self.deps.peers, &owner.person_id, identity::Purpose::Counter, false)
                    .await?;
                None
            }
        };
        let work = match self.deps.db.begin::<Counter>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let opened = match (&call.body, present) {
            (Proof::Qr(token), _) => {
                let hash = self.counter_hash(token.reveal());
                store::counter::spend_qr(work.tx(), &hash, now).await?.ok_or(Refusal::QrInvalid)?
            }
            (Proof::Presence(_), person) => {
                Opened { person_id: person.unwrap_or_default(), hi_rxno: String::new() }
            }
        };
        let Opened { person_id, hi_rxno } = opened;
        let cipher = &self.deps.cipher;
        let sheets = store::prescription::at_counter(work.tx(), cipher, &person_id, &hi_rxno, now).await?;
        let items = sheets.iter().map(Item::of).collect();
        let token = self.deps.ids.secret();
        let expires_at = now.plus_seconds(COUNTER_SECONDS);
        let (hash, kind) = (self.counter_hash(&token), Kind::Counter);
        let (person_id, hi_rxno) = (person_id.as_str(), hi_rxno.as_str());
        let row = Token { hash: &hash, kind, person_id, hi_rxno, pharmacy, expires_at };
        store::counter::insert(work.tx(), &row).await?;
        Ok(work.commit(Counter { token, expires_at_us: expires_at.0, items }).await?)
    }

    /// Claims one of them, as a pharmacy claims for an order.
    pub async fn claim_at_counter(&self, call: Call<ClaimAtCounter>) -> Outcome<CounterClaim> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let (now, body) = (call.meta.now, &call.body);
        let pharmacy = call.meta.principal.institution()?;
        let record = self.at_counter(body, pharmacy, now).await?;
        let operation = |until: Timestamp, sale_id: &str| Operation::ClaimAtCounter {
            pharmacy: pharmacy.to_owned(),
            sale_id: sale_id.to_owned(),
            until,
        };
        // the losers of a race are turned away before a name is read
        decide(&record.status(), &operation(now, SALE), now)?;
        let Admitted { name, findings, until } = self.admitted_to_claim(&record, pharmacy, now).await?;
        let work = match self.deps.db.begin::<CounterClaim>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let (secret, sale_id) = (self.deps.ids.secret(), self.deps.ids.next(SALE));
        let plan = |_: &Record| Ok(operation(until, &sale_id));
        let edit = |record: &mut Record| {
            record.secret_hash = self.secret_hash(&secret);
            record.token_hash.clear();
            record.nominated_at = now;
            record.rx.review_opinion.clear();
            record.rx.second_pharmacist.clear();
            record.rx.findings.clone_from(&findings);
            Ok(Edit::Changed)
        };
        let record = self.step(&work, &body.hi_rxno, now, plan, edit).await?;
        let claimed = Claimed { prescription: record.rx, secret, name };
        Ok(work.commit(CounterClaim { claimed, sale_id }).await?)
    }

    /// The prescription that a counter token opens for the pharmacy.
    async fn at_counter(&self, body: &ClaimAtCounter, pharmacy: &str, now: Timestamp) -> Outcome<Record> {
        let hash = self.counter_hash(body.counter_token.reveal());
        let opened = store::counter::open(self.deps.db.read(), &hash, pharmacy, now).await?;
        let opened = opened.ok_or(Refusal::CounterTokenInvalid)?;
        let found = store::prescription::get(self.deps.db.read(), &self.deps.cipher, &body.hi_rxno).await?;
        let theirs = |record: &Record| {
            record.rx.person_id == opened.person_id
                && (opened.hi_rxno.is_empty() || opened.hi_rxno == record.rx.hi_rxno)
        };
        found.filter(theirs).ok_or(PrescriptionError::Missing(Missing::Prescription))
    }

    /// Puts an order in the place of a sale: who pays for it is settled with the order from here on.
    pub async fn take_over(&self, call: Call<TakeOver>) -> Outcome<Prescription> {
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let body = &call.body;
        let plan = |record: &Record| {
            of_pharmacy(record, &body.pharmacy)?;
            Ok(Operation::TakeOver {
                pharmacy: body.pharmacy.clone(),
                secret_matches: self.is_secret(record, body.secret.reveal()),
                sale_id: body.sale_id.clone(),
                order_id: body.order_id.clone(),
            })
        };
        let record = self.step(&work, &body.hi_rxno, call.meta.now, plan, no_edit).await?;
        Ok(work.commit(record.rx).await?)
    }

    /// Hands out over the counter; the pharmacist's own token says who did.
    pub async fn dispense_at_counter(&self, call: Call<DispenseAtCounter>) -> Outcome<Prescription> {
        if let Some(reply) = self.seen(&call.meta).await? {
            return Ok(reply);
        }
        let (now, body) = (call.meta.now, &call.body);
        let pharmacy = call.meta.principal.institution()?;
        let found = store::prescription::get(self.deps.db.read(), &self.deps.cipher, &body.hi_rxno).await?;
        let record = found.ok_or(PrescriptionError::Missing(Missing::Prescription))?;
        let plan = |record: &Record| {
            of_pharmacy(record, pharmacy)?;
            open(&record.status(), now)?;
            if record.rx.holder == pharmacy && !is_sale(&record.rx.order_id) {
                return Err(Refusal::OtherOrder.into());
            }
            Ok(self.dispense(record, &record.rx.order_id, &body.secret))
        };
        // review and use are state, which comes after who hands out
        if let Err(refusal) = decide(&record.status(), &plan(&record)?, now)
            && !matches!(refusal, Refusal::ReviewNotPassed | Refusal::Used)
        {
            return Err(refusal.into());
        }
        let pharmacist = self.practitioner(&body.pharmacist_token, now).await?;
        check_pharmacy_pharmacist(&pharmacist, pharmacy, &record.rx.doctor, &record.rx.hospital_pharmacist)?;
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let handing = Handing { hi_rxno: &body.hi_rxno, parts: &body.parts, last: body.last, now };
        let rx = self.hand_out(&work, &handing, plan).await?;
        Ok(work.commit(rx).await?)
    }

    /// Takes back what one sale handed out, whoever holds the prescription now.
    pub async fn return_at_counter(&self, call: Call<ReturnAtCounter>) -> Outcome<Prescription> {
        let body = &call.body;
        let pharmacy = call.meta.principal.institution()?;
        let work = match self.deps.db.begin::<Prescription>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let own = is_sale(&body.sale_id)
            && store::hand_out::is_of(work.tx(), &body.hi_rxno, &body.sale_id, pharmacy).await?;
        if !own {
            return Err(PrescriptionError::Missing(Missing::Prescription));
        }
        let rx = self.take_back(&work, &body.hi_rxno, &body.sale_id, call.meta.now).await?;
        Ok(work.commit(super::pharmacy_review::after_release(rx)).await?)
    }

    /// Forgets tokens of the counter a day after they were over; answers how many.
    pub async fn forget_counter_tokens(&self) -> Outcome<usize> {
        let before = self.deps.clock.now().plus_days(-1);
        let work = self.deps.db.begin_step().await?;
        let forgotten = store::counter::forget(work.tx(), before).await?;
        work.done().await?;
        Ok(forgotten)
    }

    fn counter_hash(&self, token: &str) -> String {
        self.deps.cipher.blind(sealed::COUNTER_HASH, token)
    }
}

/// The same call redeems the same proof, however often it is tried.
fn redeem_key(meta: &CallMeta, pharmacy: &str) -> String {
    format!("counter:{pharmacy}:{}", meta.idempotency_key.as_deref().unwrap_or_default())
}
