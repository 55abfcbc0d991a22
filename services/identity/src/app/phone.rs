//! The phone of a session: sending the one-time code, checking it, and the carrier's three elements.

use liufang_kernel::{Sensitive, Timestamp};
use liufang_platform::{Begun, Call, CallMeta};

use super::App;
use super::counter::limited;
use super::verification::View;
use crate::domain::phone_code::{self, PhoneCode};
use crate::domain::step_event::Heard;
use crate::domain::throttle::PHONE_MESSAGES;
use crate::domain::verification::{Outcome, Ready, Step};
use crate::error::{IdentityError, Limited};
use crate::store;
use crate::store::verification::Verification;
use crate::wire::provider::Answer;

/// Checks a typed code.
pub struct CheckCode {
    pub verification_id: String,
    pub code: Sensitive<String>,
}

impl App {
    /// Sends a code. Where the registry gave no answer before, it is asked first.
    pub async fn send_phone_code(&self, call: Call<String>) -> Result<View, IdentityError> {
        if let Some(reply) = self.replayed(&call.meta).await? {
            return Ok(reply);
        }
        let Call { meta, body: verification_id } = call;
        let mut own = self.unlocked_session(self.deps.db.read(), &verification_id, &meta).await?;
        own.session.gate(meta.now)?;
        if own.session.ready(Step::IdNumber, meta.now)? == Ready::Take {
            self.ask_registry_again(&mut own, &meta).await?;
        }
        let passed_id = own.session.next_step() != Some(Step::IdNumber);
        let subject = self.subject(&own);
        let mut sent = None;
        if passed_id && own.session.ready(Step::Phone, meta.now)? == Ready::Take {
            let mut answer = self.send_code(&mut own, &meta).await?;
            self.follow(&subject, Step::Phone, std::mem::take(&mut answer.late));
            sent = Some(answer);
        }
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        // the version of our own reservation guards the note: a later code is not touched by an earlier answer
        match sent.as_ref().map(|answer| answer.outcome) {
            Some(Outcome::Pass) => {
                own.session.code_sent(meta.now)?;
                own.code = own.code.take().map(|code| PhoneCode { delivered: true, ..code });
                store::verification::update(work.tx(), &self.vault, &mut own).await?;
            }
            Some(Outcome::Fail) => {
                own.session.record(Step::Phone, Outcome::Fail, meta.now)?;
                own.code = None;
                store::verification::update(work.tx(), &self.vault, &mut own).await?;
            }
            Some(Outcome::NoAnswer | Outcome::Pending) | None => {}
        }
        if let Some(answer) = sent {
            let heard = match answer.outcome {
                Outcome::Pass => Heard::CodeSent,
                other => Heard::of(other, &own.session),
            };
            self.note_try(&work, &subject, Step::Phone, heard, &answer.provider, &meta).await?;
        }
        Ok(work.commit(self.view(&own)).await?)
    }

    /// Checks the code, then the carrier. A passed code stays passed while the carrier is asked again.
    pub async fn verify_phone_code(&self, call: Call<CheckCode>) -> Result<View, IdentityError> {
        if let Some(reply) = self.replayed(&call.meta).await? {
            return Ok(reply);
        }
        let Call { meta, body } = call;
        let db = &self.deps.db;
        let seen = self.unlocked_session(db.read(), &body.verification_id, &meta).await?;
        if seen.session.ready(Step::Phone, meta.now)? == Ready::Take
            && let Some(refused) = self.take_code(&body, &meta).await?
        {
            return Ok(refused);
        }
        let mut own = self.session(db.read(), &body.verification_id, &meta).await?;
        let subject = self.subject(&own);
        let mut told = None;
        if own.session.ready(Step::Carrier, meta.now)? == Ready::Take {
            let (name, document, phone) = (own.name.reveal(), &own.document, own.phone.reveal());
            let mut answer = self.provider.check_carrier(name, document, phone).await;
            self.follow(&subject, Step::Carrier, std::mem::take(&mut answer.late));
            told = Some(answer);
        }
        let work = match db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        if let Some(answer) = told {
            own.session.record(Step::Carrier, answer.outcome, meta.now)?;
            store::verification::update(work.tx(), &self.vault, &mut own).await?;
            self.keep_open(&work, &own, Step::Carrier, &answer, meta.now).await?;
            let heard = Heard::of(answer.outcome, &own.session);
            self.note_try(&work, &subject, Step::Carrier, heard, &answer.provider, &meta).await?;
        }
        Ok(work.commit(self.view(&own)).await?)
    }

    /// Compares a code under the session's version, so that of many guesses at once one is compared. A wrong code is a
    /// reply with the attempts that are left; a right one is kept before the carrier is asked.
    async fn take_code(&self, body: &CheckCode, meta: &CallMeta) -> Result<Option<View>, IdentityError> {
        let work = match self.deps.db.begin::<View>(meta).await? {
            Begun::Replay(reply) => return Ok(Some(reply)),
            Begun::Fresh(work) => work,
        };
        let mut own = self.unlocked_session(work.tx(), &body.verification_id, meta).await?;
        let version = own.version;
        // holds the row: a loser of the race never gets to compare
        store::verification::update(work.tx(), &self.vault, &mut own).await?;
        if !self.try_code(&own, body, meta)? {
            own.session.record(Step::Phone, Outcome::Fail, meta.now)?;
            store::verification::update(work.tx(), &self.vault, &mut own).await?;
            let heard = Heard::of(Outcome::Fail, &own.session);
            self.note_try(&work, &self.subject(&own), Step::Phone, heard, "", meta).await?;
            return Ok(Some(work.commit(self.view(&own)).await?));
        }
        // the claimed key belongs to the reply, which the carrier has yet to shape
        work.cancel().await?;
        own.version = version;
        own.session.record(Step::Phone, Outcome::Pass, meta.now)?;
        own.code = None;
        let step = self.deps.db.begin_step().await?;
        store::verification::update(step.tx(), &self.vault, &mut own).await?;
        let heard = Heard::InTime(Outcome::Pass);
        self.note_try(&step, &self.subject(&own), Step::Phone, heard, "", meta).await?;
        step.done().await?;
        Ok(None)
    }

    fn try_code(&self, own: &Verification, body: &CheckCode, meta: &CallMeta) -> Result<bool, IdentityError> {
        own.session.ready(Step::Phone, meta.now)?;
        let typed = self.vault.phone_code(&own.verification_id, body.code.reveal());
        Ok(phone_code::matches(own.code.as_ref(), &typed, meta.now)?)
    }

    /// Reserves a code, then hands it to the carrier. Until the carrier answers, the step says no answer.
    async fn send_code(&self, own: &mut Verification, meta: &CallMeta) -> Result<Answer, IdentityError> {
        if let Some(wait_ms) = phone_code::resend_wait_ms(own.code.as_ref(), meta.now) {
            let retry_at = Timestamp(meta.now.0.saturating_add_unsigned(wait_ms.saturating_mul(1000)));
            let window_seconds = phone_code::RESEND_SECONDS;
            let limited = Limited { scope: "session", limit: 1, window_seconds, retry_at, wait_ms };
            return Err(IdentityError::ResendTooSoon(limited));
        }
        let subject = format!("phone:{}", self.vault.phone_blind(own.phone.reveal()));
        let code = self.deps.ids.digits(phone_code::DIGITS);
        let work = self.deps.db.begin_step().await?;
        let window = store::throttle::count(work.tx(), &subject, PHONE_MESSAGES, meta.now).await?;
        if let Some(limited) = limited("phone", PHONE_MESSAGES, window, meta.now) {
            return Err(IdentityError::ResendTooSoon(limited));
        }
        let hash = self.vault.phone_code(&own.verification_id, &code);
        own.code = Some(PhoneCode { hash, sent_at: meta.now, delivered: false });
        own.session.record(Step::Phone, Outcome::NoAnswer, meta.now)?;
        store::verification::update(work.tx(), &self.vault, own).await?;
        work.done().await?;
        Ok(self.provider.send_code(own.phone.reveal(), &code).await)
    }

    async fn ask_registry_again(&self, own: &mut Verification, meta: &CallMeta) -> Result<(), IdentityError> {
        let name = own.name.reveal();
        let subject = self.subject(own);
        let mut answer = self.provider.check_identity(name, &own.document).await;
        self.follow(&subject, Step::IdNumber, std::mem::take(&mut answer.late));
        let outcome = answer.outcome;
        if outcome == Outcome::Pass {
            let person = self.known_person(name, &subject, &answer.provider, meta.now).await?;
            own.person_id = Some(person.person_id);
        }
        own.session.record(Step::IdNumber, outcome, meta.now)?;
        let work = self.deps.db.begin_step().await?;
        store::verification::update(work.tx(), &self.vault, own).await?;
        self.keep_open(&work, own, Step::IdNumber, &answer, meta.now).await?;
        let heard = Heard::of(outcome, &own.session);
        self.note_try(&work, &subject, Step::IdNumber, heard, &answer.provider, meta).await?;
        Ok(work.done().await?)
    }
}
