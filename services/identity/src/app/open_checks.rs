//! Checks that a provider is still at work on: kept with the answer that said so, asked again until it says yes or no or the
//! session ends. What comes of them counts as if it had been said at once.

use liufang_kernel::Timestamp;
use liufang_platform::Work;

use super::App;
use crate::domain::open_check::OpenCheck;
use crate::domain::step_event::{Heard, Subject};
use crate::domain::verification::{Outcome, Step};
use crate::error::IdentityError;
use crate::store;
use crate::store::verification::Verification;
use crate::wire::provider::Answer;

/// Checks of one turn.
const AT_ONCE: u64 = 50;

impl App {
    /// Keeps what has to be asked again, in the unit of work that notes the step as pending.
    pub(super) async fn keep_open(
        &self,
        work: &Work,
        own: &Verification,
        step: Step,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        if answer.outcome != Outcome::Pending {
            return Ok(());
        }
        let open = OpenCheck {
            request_id: answer.request_id.clone(),
            verification_id: own.verification_id.clone(),
            step,
            provider: answer.provider.clone(),
            asks: 0,
            until: own.session.expires_at,
        };
        store::open_check::insert(work.tx(), &open, now).await
    }

    /// Asks everybody whose turn it is. Answers how many checks came to an end.
    pub async fn ask_again(&self) -> Result<usize, IdentityError> {
        let now = self.deps.clock.now();
        let mut ended = 0;
        for open in store::open_check::due(self.deps.db.read(), now, AT_ONCE).await? {
            let work = self.deps.db.begin_step().await?;
            let mine = store::open_check::take_turn(work.tx(), &open, now).await?;
            work.done().await?;
            if mine {
                ended += usize::from(self.ask_one(&open, now).await?);
            }
        }
        Ok(ended)
    }

    /// Whether it has come to an end.
    async fn ask_one(&self, open: &OpenCheck, now: Timestamp) -> Result<bool, IdentityError> {
        let found =
            store::verification::find(self.deps.db.read(), &self.vault, &open.verification_id).await?;
        let waiting = found.filter(|own| own.session.gate(now).is_ok() && own.session.is_pending(open.step));
        let Some(mut own) = waiting else {
            // erased, over, or locked meanwhile
            let work = self.deps.db.begin_step().await?;
            let ended = store::open_check::end(work.tx(), &open.request_id).await?;
            work.done().await?;
            return Ok(ended);
        };
        let subject = self.subject(&own);
        let (outcome, serial) = self.provider.query(&open.provider, &open.request_id).await;
        if outcome == Outcome::Pending {
            return Ok(false);
        }
        let (outcome, noted) = match (open.step, outcome) {
            (Step::IdNumber, _) => self.registry_said(&mut own, &subject, open, outcome, now).await?,
            _ => (outcome, false),
        };
        let work = self.deps.db.begin_step().await?;
        if !store::open_check::end(work.tx(), &open.request_id).await? {
            work.cancel().await?;
            return Ok(false);
        }
        own.session.record(open.step, outcome, now)?;
        store::verification::update(work.tx(), &self.vault, &mut own).await?;
        if open.step == Step::Face && outcome == Outcome::Pass {
            self.prove_face(&work, &own, &serial, now).await?;
        }
        if !noted {
            let heard = Heard::of(outcome, &own.session);
            self.note_at(&work, &subject, open.step, heard, &open.provider, now).await?;
        }
        work.done().await?;
        Ok(true)
    }

    /// What the registry's late word comes to, and whether the try is on record by that. Somebody who is not insured here, or
    /// whose name is another, fails the step: nobody waits for a refusal any more.
    async fn registry_said(
        &self,
        own: &mut Verification,
        subject: &Subject,
        open: &OpenCheck,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(Outcome, bool), IdentityError> {
        match outcome {
            Outcome::Fail => {
                self.identity_missed(subject, &open.provider, now).await?;
                Ok((Outcome::Fail, true))
            }
            Outcome::Pass => match self.known_person(own.name.reveal(), subject, &open.provider, now).await {
                Ok(person) => {
                    own.person_id = Some(person.person_id);
                    Ok((Outcome::Pass, false))
                }
                Err(IdentityError::IdentityMismatch { .. }) => Ok((Outcome::Fail, true)),
                Err(IdentityError::NotInsured | IdentityError::NotRegistered) => Ok((Outcome::Fail, false)),
                Err(other) => Err(other),
            },
            other => Ok((other, false)),
        }
    }
}
