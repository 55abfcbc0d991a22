//! What was tried in a person's name: every try of a step is noted with it, and an answer that comes too late beside it.

use liufang_kernel::Timestamp;
use liufang_platform::{Call, CallMeta, Work};

use super::App;
use crate::domain::step_event::{Heard, StepEvent, Subject};
use crate::domain::verification::Step;
use crate::error::IdentityError;
use crate::store;
use crate::store::verification::Verification;
use crate::wire::page::Page;
use crate::wire::provider::{Late, said};

/// A page of tries and the key of the next one.
pub struct History {
    pub events: Vec<StepEvent>,
    pub next: Option<String>,
}

impl App {
    /// What was tried in the caller's name, newest first.
    pub async fn list_verification_events(&self, call: Call<Page>) -> Result<History, IdentityError> {
        let Call { meta, body: page } = call;
        let person_id = meta.principal.person()?;
        let blind = store::person::certno_blind(self.deps.db.read(), person_id).await?;
        let blind = blind.ok_or(IdentityError::PersonNotFound)?;
        let limit = u64::try_from(page.size + 1).unwrap_or(u64::MAX);
        let db = self.deps.db.read();
        let mut events = store::step_event::page(db, &blind, page.after.as_deref(), limit).await?;
        let more = events.len() > page.size;
        events.truncate(page.size);
        let next = events.last().filter(|_| more).map(|last| last.event_id.clone());
        Ok(History { events, next })
    }

    /// Whose session it is, as it is noted.
    pub(super) fn subject(&self, own: &Verification) -> Subject {
        let blind = self.vault.document_blind(&own.document);
        Subject::new(blind, &own.verification_id, own.session.purpose, &own.platform)
    }

    /// Notes a try in the unit of work that keeps its effect.
    pub(super) async fn note_try(
        &self,
        work: &Work,
        subject: &Subject,
        step: Step,
        heard: Heard,
        provider: &str,
        meta: &CallMeta,
    ) -> Result<(), IdentityError> {
        self.note_at(work, subject, step, heard, provider, meta.now).await
    }

    /// The same without a call.
    pub(super) async fn note_at(
        &self,
        work: &Work,
        subject: &Subject,
        step: Step,
        heard: Heard,
        provider: &str,
        at: Timestamp,
    ) -> Result<(), IdentityError> {
        let event = StepEvent {
            event_id: self.deps.ids.next("vre"),
            subject: subject.clone(),
            step,
            outcome: heard.word().to_owned(),
            provider: provider.to_owned(),
            at,
        };
        store::step_event::insert(work.tx(), event).await
    }

    /// Goes on listening to providers the caller no longer waits for. What they say is noted and changes nothing: the
    /// caller was told that there was no answer, and may have asked somebody else since.
    pub(super) fn follow(&self, subject: &Subject, step: Step, late: Vec<Late>) {
        for Late { provider, running } in late {
            let (app, subject) = (self.clone(), subject.clone());
            tokio::spawn(async move {
                let Some(outcome) = running.await.ok().and_then(|answer| said(&answer)) else { return };
                let event = StepEvent {
                    event_id: app.deps.ids.next("vre"),
                    subject,
                    step,
                    outcome: Heard::Late(outcome).word().to_owned(),
                    provider,
                    at: app.deps.clock.now(),
                };
                if let Err(fault) = app.keep(event).await {
                    tracing::info!(%fault, "a late answer was not noted");
                }
            });
        }
    }

    async fn keep(&self, event: StepEvent) -> Result<(), IdentityError> {
        let work = self.deps.db.begin_step().await?;
        store::step_event::insert(work.tx(), event).await?;
        Ok(work.done().await?)
    }
}
