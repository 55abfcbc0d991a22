//! A complete verification becomes tokens, once.

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call, CallMeta, Claims, PrincipalKind, Work};
use serde::{Deserialize, Serialize};

use super::{App, platform_of};
use crate::domain::token_family::{ACCESS_SECONDS, FAMILY_DAYS, Family, refresh_expiry};
use crate::domain::verification::Purpose;
use crate::error::IdentityError;
use crate::store;

/// An access token and, for people, the refresh token of the next one. Stored sealed, never printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenPair {
    pub access_token: String,
    pub access_expires_at: Timestamp,
    /// Empty for machines and practitioners.
    pub refresh_token: String,
    pub refresh_expires_at: Option<Timestamp>,
}

/// Who signed in.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignedIn {
    pub person_id: String,
    pub tokens: TokenPair,
}

/// Whom an access token speaks for.
pub(super) struct Subject<'a> {
    pub kind: PrincipalKind,
    pub subject: &'a str,
    pub client: &'a str,
    pub region: &'a str,
    /// The guardian who acts for the subject; empty for everybody else.
    pub actor: &'a str,
    /// The sign-in it comes from; empty for machines and practitioners.
    pub session: &'a str,
}

impl App {
    /// Uses the verification, notes the registration and begins a token family.
    pub async fn sign_in(&self, call: Call<String>) -> Result<SignedIn, IdentityError> {
        let Call { meta, body: verification_id } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let purposes = [Purpose::Register, Purpose::SignIn];
        let person_id = self.use_verification(&work, &verification_id, &purposes, None, &meta).await?;
        let own = self.session(work.tx(), &verification_id, &meta).await?;
        store::person::register(work.tx(), &self.vault, &person_id, own.phone.reveal(), meta.now).await?;
        let insurances = store::person::insurances(work.tx(), &person_id).await?;
        let pack = self.region_of(&insurances, meta.now.china_date());
        let family = Family {
            family_id: self.deps.ids.next("fam"),
            person_id: person_id.clone(),
            client: platform_of(&meta.principal).to_owned(),
            region: pack.map(|pack| pack.region.code.clone()).unwrap_or_default(),
            started_at: meta.now,
            used_at: meta.now,
            expires_at: meta.now.plus_days(FAMILY_DAYS),
            revoked_at: None,
        };
        store::token::insert_family(work.tx(), &family).await?;
        let tokens = self.next_pair(&work, &family, meta.now).await?;
        Ok(work.commit(SignedIn { person_id, tokens }).await?)
    }

    /// Uses a complete verification for one of `purposes`, by `person_id` when the user is known. Answers whose it was.
    /// Order of refusals: not found, locked or expired, incomplete, then the proof's own.
    pub(super) async fn use_verification(
        &self,
        work: &Work,
        verification_id: &str,
        purposes: &[Purpose],
        person_id: Option<&str>,
        meta: &CallMeta,
    ) -> Result<String, IdentityError> {
        let own = self.session(work.tx(), verification_id, meta).await?;
        own.session.gate(meta.now)?;
        if let Some(missing) = own.session.next_step() {
            return Err(IdentityError::VerificationIncomplete { missing });
        }
        let proof = store::face_proof::find(work.tx(), verification_id).await?;
        let proof = proof.ok_or(IdentityError::Stored("face proof"))?;
        proof.usable(purposes, person_id, meta.now)?;
        store::face_proof::consume(work.tx(), verification_id, &meta.method, meta.now).await?;
        Ok(proof.person_id)
    }

    /// The next pair of a family.
    pub(super) async fn next_pair(
        &self,
        work: &Work,
        family: &Family,
        now: Timestamp,
    ) -> Result<TokenPair, IdentityError> {
        let refresh_token = self.deps.ids.secret();
        let refresh_expires_at = refresh_expiry(family.expires_at, now);
        let hash = self.vault.refresh_token(&refresh_token);
        store::token::insert_refresh(work.tx(), hash, &family.family_id, refresh_expires_at).await?;
        let subject = Subject {
            kind: PrincipalKind::Patient,
            subject: &family.person_id,
            client: &family.client,
            region: &family.region,
            actor: "",
            session: &family.family_id,
        };
        let access = self.access_token(subject, ACCESS_SECONDS, now)?;
        Ok(TokenPair { refresh_token, refresh_expires_at: Some(refresh_expires_at), ..access })
    }

    /// A signed access token alone.
    pub(super) fn access_token(
        &self,
        subject: Subject<'_>,
        seconds: i64,
        now: Timestamp,
    ) -> Result<TokenPair, IdentityError> {
        let claims = Claims {
            sub: subject.subject.to_owned(),
            kind: subject.kind,
            client: subject.client.to_owned(),
            region: subject.region.to_owned(),
            iat: now.seconds(),
            exp: now.seconds() + seconds,
            jti: self.deps.ids.next("tok"),
            act: subject.actor.to_owned(),
            sid: subject.session.to_owned(),
        };
        Ok(TokenPair {
            access_token: self.deps.tokens.sign(&claims)?,
            access_expires_at: Timestamp(claims.exp * 1_000_000),
            refresh_token: String::new(),
            refresh_expires_at: None,
        })
    }
}
