//! The insurance code 医保电子凭证 at a counter: shown by the person, decoded once into a proof of presence.

use liufang_kernel::{Sensitive, Timestamp};
use liufang_platform::{Begun, Call, Work};
use serde::{Deserialize, Serialize};

use super::App;
use super::persons::reader_of;
use crate::domain::access_purpose::AccessPurpose;
use crate::domain::throttle::{CODE_GUESSES, INSTITUTION_GUESSES, Policy, Window};
use crate::error::{IdentityError, Limited};
use crate::store;
use crate::store::code::Presence;

/// Digits of a code.
pub const CODE_DIGITS: usize = 28;
/// Life of a code.
const CODE_SECONDS: i64 = 60;
/// Life of a proof of presence (ecToken; `domain.md` §6.4).
const PRESENCE_SECONDS: i64 = 5 * 60;

/// What a scanner read.
pub struct Decode {
    pub code: Sensitive<String>,
    pub business_type: String,
}

/// A code to show. Stored sealed, never printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct InsuranceCode {
    pub code: String,
    pub expires_at: Timestamp,
}

/// Who was present. Stored sealed, never printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Present {
    pub presence_token: String,
    pub person_id: String,
}

impl App {
    /// A one-minute code.
    pub async fn issue_insurance_code(&self, call: Call<()>) -> Result<InsuranceCode, IdentityError> {
        let person_id = call.meta.principal.person()?;
        let work = match self.deps.db.begin(&call.meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let code = self.deps.ids.digits(CODE_DIGITS);
        let expires_at = call.meta.now.plus_seconds(CODE_SECONDS);
        store::code::insert(work.tx(), &self.vault.insurance_code(&code), person_id, expires_at).await?;
        Ok(work.commit(InsuranceCode { code, expires_at }).await?)
    }

    /// Decodes a code once and leaves an access record. Wrong guesses are counted for the
    /// client and for its institution.
    pub async fn decode_insurance_code(&self, call: Call<Decode>) -> Result<Present, IdentityError> {
        if let Some(reply) = self.replayed(&call.meta).await? {
            return Ok(reply);
        }
        let Call { meta, body } = call;
        let institution = meta.principal.institution()?;
        let reader = reader_of(meta.principal.kind, institution);
        let machine = Some(meta.principal.client.as_str()).filter(|client| !client.is_empty());
        let caller = reader_of(meta.principal.kind, machine.unwrap_or(institution));
        let hash = self.vault.insurance_code(body.code.reveal());
        let counted = [
            ("caller", format!("code:{caller}"), CODE_GUESSES),
            ("institution", format!("code-at:{institution}"), INSTITUTION_GUESSES),
        ];
        let (guess, attempts_left) = self.begin_guess(&counted, meta.now).await?;
        if store::code::consume(guess.tx(), &hash, meta.now).await?.is_none() {
            guess.done().await?;
            return Err(IdentityError::InsuranceCodeInvalid { attempts_left });
        }
        guess.cancel().await?;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        // somebody else may have used it a moment ago
        let used = store::code::consume(work.tx(), &hash, meta.now).await?;
        let person_id = used.ok_or(IdentityError::InsuranceCodeInvalid { attempts_left })?;
        let presence_token = self.deps.ids.secret();
        let presence = Presence {
            token_hash: self.vault.presence(&presence_token),
            person_id: &person_id,
            institution,
            business_type: &body.business_type,
            expires_at: meta.now.plus_seconds(PRESENCE_SECONDS),
        };
        store::code::insert_presence(work.tx(), presence).await?;
        let purpose = AccessPurpose::of_code(&body.business_type);
        let purpose = purpose.ok_or(IdentityError::Stored("business type"))?;
        store::access::insert(work.tx(), &person_id, self.reading(&reader, purpose, meta.now)).await?;
        Ok(work.commit(Present { presence_token, person_id }).await?)
    }

    /// Counts a guess before it is compared, for every subject and in a unit of work of its own: other guesses of a subject
    /// wait until it has ended, so of many at once no more are compared than the policies allow. Answers how many are left. To end it by `done` when the guess was wrong:
    /// the refusal that follows changes nothing else; by `cancel` when it was right.
    pub(super) async fn begin_guess(
        &self,
        counted: &[(&'static str, String, Policy)],
        now: Timestamp,
    ) -> Result<(Work, i32), IdentityError> {
        let work = self.deps.db.begin_step().await?;
        let mut left = i32::MAX;
        for (scope, subject, policy) in counted {
            let window = store::throttle::count(work.tx(), subject, *policy, now).await?;
            if let Some(limited) = limited(scope, *policy, window, now) {
                return Err(IdentityError::CodeGuessing(limited));
            }
            left = left.min(policy.left(window));
        }
        Ok((work, left))
    }
}

/// The limit that a window has gone over, if it has.
pub(super) fn limited(
    scope: &'static str,
    policy: Policy,
    window: Window,
    now: Timestamp,
) -> Option<Limited> {
    policy.wait_ms(window, now).map(|wait_ms| Limited {
        scope,
        limit: policy.limit,
        window_seconds: policy.window_seconds,
        retry_at: window.started_at.plus_seconds(policy.window_seconds),
        wait_ms,
    })
}
