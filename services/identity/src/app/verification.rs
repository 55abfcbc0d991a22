//! Real-name verification: start, face, state. The phone has its own file.

use liufang_kernel::document::Document;
use liufang_kernel::phone::Phone;
use liufang_kernel::{Sensitive, Timestamp};
use liufang_platform::{Begun, Call, CallMeta, Work};
use serde::{Deserialize, Serialize};

use super::{App, platform_of};
use crate::domain::face_proof::{self, FaceProof};
use crate::domain::person::{Person, same_name};
use crate::domain::step_event::{Heard, Subject};
use crate::domain::throttle::IDENTITY_MISSES;
use crate::domain::verification::{LOCK_SECONDS, Outcome, Progress, Purpose, Ready, Session, Step};
use crate::error::IdentityError;
use crate::store::verification::Verification;
use crate::store::{self, Connection};

/// Opens a session.
pub struct Start {
    pub purpose: Purpose,
    pub name: Sensitive<String>,
    pub document: Document,
    pub phone: Phone,
}

/// Hands the provider's capture over.
pub struct Face {
    pub verification_id: String,
    pub capture_ref: String,
    /// Who took it; empty for the first provider.
    pub provider: String,
}

/// A session as its caller sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub verification_id: String,
    pub purpose: Purpose,
    pub steps: Vec<Progress>,
    pub complete: bool,
    pub expires_at: Timestamp,
    pub locked_until: Option<Timestamp>,
    #[serde(default)]
    pub face_providers: Vec<String>,
}

impl App {
    /// A session as its caller sees it.
    pub(super) fn view(&self, own: &Verification) -> View {
        View {
            face_providers: self.provider.faces().to_vec(),
            verification_id: own.verification_id.clone(),
            purpose: own.session.purpose,
            steps: own.session.steps.clone(),
            complete: own.session.complete(),
            expires_at: own.session.expires_at,
            locked_until: own.session.locked_until,
        }
    }
}

impl App {
    /// Opens a session and asks the registry. Order of refusals: locked, mismatch, not insured, not registered.
    pub async fn start_verification(&self, call: Call<Start>) -> Result<View, IdentityError> {
        if let Some(reply) = self.replayed(&call.meta).await? {
            return Ok(reply);
        }
        let Call { meta, body } = call;
        let db = &self.deps.db;
        let certno_blind = self.vault.document_blind(&body.document);
        self.refuse_locked(db.read(), &certno_blind, meta.now).await?;
        let name = body.name.reveal();
        // whoever knows the id may go on with the session, so it cannot be guessed
        let verification_id = format!("vrf_{}", self.deps.ids.secret());
        let platform = platform_of(&meta.principal);
        let subject = Subject::new(certno_blind, &verification_id, body.purpose, platform);
        let mut answer = self.provider.check_identity(name, &body.document).await;
        self.follow(&subject, Step::IdNumber, std::mem::take(&mut answer.late));
        let outcome = answer.outcome;
        let person = match outcome {
            Outcome::Pass => Some(self.known_person(name, &subject, &answer.provider, meta.now).await?),
            Outcome::NoAnswer | Outcome::Pending => None,
            Outcome::Fail => return Err(self.identity_missed(&subject, &answer.provider, meta.now).await?),
        };
        let mut session = Session::open(body.purpose, meta.now);
        session.record(Step::IdNumber, outcome, meta.now)?;
        let verification = Verification {
            verification_id,
            session,
            platform: platform.to_owned(),
            person_id: person.map(|person| person.person_id),
            name: body.name,
            document: body.document,
            phone: Sensitive::new(body.phone.reveal().to_owned()),
            code: None,
            version: 1,
        };
        match db.begin(&meta).await? {
            Begun::Replay(reply) => Ok(reply),
            Begun::Fresh(work) => {
                store::verification::insert(work.tx(), &self.vault, &verification).await?;
                self.keep_open(&work, &verification, Step::IdNumber, &answer, meta.now).await?;
                let heard = Heard::of(outcome, &verification.session);
                self.note_try(&work, &subject, Step::IdNumber, heard, &answer.provider, &meta).await?;
                Ok(work.commit(self.view(&verification)).await?)
            }
        }
    }

    /// Asks the face provider. A pass becomes a dated proof for this person, purpose and session.
    pub async fn verify_face(&self, call: Call<Face>) -> Result<View, IdentityError> {
        if let Some(reply) = self.replayed(&call.meta).await? {
            return Ok(reply);
        }
        let Call { meta, body } = call;
        let db = &self.deps.db;
        let seen = self.unlocked_session(db.read(), &body.verification_id, &meta).await?;
        let subject = self.subject(&seen);
        let mut answer = None;
        if seen.session.ready(Step::Face, meta.now)? == Ready::Take {
            let providers = || self.provider.faces().join(",");
            let face = self.provider.face(&body.provider);
            let face = face.ok_or_else(|| IdentityError::FaceProviderUnknown { providers: providers() })?;
            let (name, document) = (seen.name.reveal(), &seen.document);
            let mut told = self.provider.check_face(face, name, document, &body.capture_ref).await;
            self.follow(&subject, Step::Face, std::mem::take(&mut told.late));
            answer = Some(told);
        }
        let work = match db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let mut own = self.session(work.tx(), &body.verification_id, &meta).await?;
        if let Some(answer) = answer
            && own.session.ready(Step::Face, meta.now)? == Ready::Take
        {
            own.session.record(Step::Face, answer.outcome, meta.now)?;
            let heard = Heard::of(answer.outcome, &own.session);
            self.note_try(&work, &subject, Step::Face, heard, &answer.provider, &meta).await?;
            store::verification::update(work.tx(), &self.vault, &mut own).await?;
            self.keep_open(&work, &own, Step::Face, &answer, meta.now).await?;
            if answer.outcome == Outcome::Pass {
                self.prove_face(&work, &own, &answer.serial, meta.now).await?;
            }
        }
        Ok(work.commit(self.view(&own)).await?)
    }

    /// A face that passed becomes a proof.
    pub(super) async fn prove_face(
        &self,
        work: &Work,
        own: &Verification,
        serial: &str,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        let person_id = own.person_id.as_deref().ok_or(IdentityError::NotInsured)?;
        let today = now.china_date();
        let pack = self.region_of(&store::person::insurances(work.tx(), person_id).await?, today);
        let seconds = pack.and_then(|pack| pack.deadlines(today)).map(|rules| rules.face_proof_seconds);
        let seconds = seconds.unwrap_or(face_proof::VALID_SECONDS);
        let proof = FaceProof::new(person_id, own.session.purpose, now, seconds, own.session.expires_at);
        store::face_proof::insert(work.tx(), &self.vault, &own.verification_id, &proof, serial).await
    }

    /// The state of a session, also of a locked or expired one.
    pub async fn get_verification(&self, call: Call<String>) -> Result<View, IdentityError> {
        let own = self.session(self.deps.db.read(), &call.body, &call.meta).await?;
        Ok(self.view(&own))
    }

    /// The caller's session; another caller's does not exist.
    pub(super) async fn session<C: Connection>(
        &self,
        connection: &C,
        verification_id: &str,
        meta: &CallMeta,
    ) -> Result<Verification, IdentityError> {
        let own = store::verification::find(connection, &self.vault, verification_id).await?;
        own.filter(|own| own.platform == platform_of(&meta.principal))
            .ok_or(IdentityError::VerificationNotFound)
    }

    /// The caller's session, unless its person is locked out: a lock-out reaches every session of an ID number.
    pub(super) async fn unlocked_session<C: Connection>(
        &self,
        connection: &C,
        verification_id: &str,
        meta: &CallMeta,
    ) -> Result<Verification, IdentityError> {
        let own = self.session(connection, verification_id, meta).await?;
        self.refuse_locked(connection, &self.vault.document_blind(&own.document), meta.now).await?;
        Ok(own)
    }

    async fn refuse_locked<C: Connection>(
        &self,
        connection: &C,
        certno_blind: &str,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        match store::verification::locked_until(connection, certno_blind, now).await? {
            Some(until) => Err(IdentityError::VerificationLocked { until }),
            None => Ok(()),
        }
    }

    /// The insured person behind a number the registry confirmed.
    pub(super) async fn known_person(
        &self,
        name: &str,
        subject: &Subject,
        provider: &str,
        now: Timestamp,
    ) -> Result<Person, IdentityError> {
        let db = self.deps.db.read();
        let person = store::person::find_by_certno(db, &self.vault, &subject.certno_blind).await?;
        let person = person.ok_or(IdentityError::NotInsured)?;
        if !same_name(person.name.reveal(), name) {
            return Err(self.identity_missed(subject, provider, now).await?);
        }
        if subject.purpose != Purpose::Register && !person.verified {
            return Err(IdentityError::NotRegistered);
        }
        Ok(person)
    }

    /// Counts a mismatch; enough of them lock the number. Answers the refusal.
    pub(super) async fn identity_missed(
        &self,
        subject: &Subject,
        provider: &str,
        now: Timestamp,
    ) -> Result<IdentityError, IdentityError> {
        let blind = &subject.certno_blind;
        let work = self.deps.db.begin_step().await?;
        let counted = format!("identity:{blind}");
        let window = store::throttle::count(work.tx(), &counted, IDENTITY_MISSES, now).await?;
        let attempts_left = IDENTITY_MISSES.left(window);
        let locked_until = (attempts_left == 0).then(|| now.plus_seconds(LOCK_SECONDS));
        if let Some(until) = locked_until {
            store::verification::lock(work.tx(), blind, until).await?;
        }
        let heard = if attempts_left == 0 { Heard::Locked } else { Heard::InTime(Outcome::Fail) };
        self.note_at(&work, subject, Step::IdNumber, heard, provider, now).await?;
        work.done().await?;
        Ok(IdentityError::IdentityMismatch { attempts_left, locked_until })
    }
}
