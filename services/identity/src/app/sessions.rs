//! The caller's sign-ins: listed, and ended one by one.

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call};

use super::{App, Done, platform_of};
use crate::domain::token_family::{ACCESS_SECONDS, Family, is_shown};
use crate::error::IdentityError;
use crate::store;

/// Sign-ins that still hold, newest first.
pub struct Sessions(pub Vec<Family>);

/// A sign-in that ended while access tokens of it may be out.
pub struct EndedSession {
    pub session_id: String,
    pub ended_at: Timestamp,
}

/// Those that ended, oldest first, and whether there are more.
pub struct EndedSessions {
    pub sessions: Vec<EndedSession>,
    pub more: bool,
    pub now: Timestamp,
}

/// Of one answer.
const ENDED_AT_ONCE: u64 = 2_000;
/// Clocks of two replicas may differ by this.
const SLACK_SECONDS: i64 = 60;

impl App {
    /// Sign-ins that ended after a moment. What ended longer ago than an access token lives matters to nobody.
    pub async fn list_ended_sessions(&self, call: Call<Timestamp>) -> Result<EndedSessions, IdentityError> {
        let floor = call.meta.now.plus_seconds(-ACCESS_SECONDS - SLACK_SECONDS);
        let after = call.body.max(floor);
        let mut found = store::token::ended(self.deps.db.read(), after, ENDED_AT_ONCE + 1).await?;
        let more = found.len() as u64 > ENDED_AT_ONCE;
        if more {
            found.pop();
        }
        let sessions =
            found.into_iter().map(|(session_id, ended_at)| EndedSession { session_id, ended_at }).collect();
        Ok(EndedSessions { sessions, more, now: call.meta.now })
    }

    /// Sign-ins that still hold. A purchase platform sees those that came through it, the person's own app all.
    pub async fn list_sessions(&self, call: Call<()>) -> Result<Sessions, IdentityError> {
        let meta = call.meta;
        let person_id = meta.principal.person()?;
        let mut families = store::token::of_person(self.deps.db.read(), person_id).await?;
        families.retain(|family| is_shown(family, platform_of(&meta.principal), meta.now));
        Ok(Sessions(families))
    }

    /// Ends a sign-in; ending it twice changes nothing. One that the caller does not see does not exist.
    pub async fn revoke_session(&self, call: Call<String>) -> Result<Done, IdentityError> {
        let Call { meta, body: session_id } = call;
        let person_id = meta.principal.person()?;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let platform = platform_of(&meta.principal);
        let family = store::token::find_family(work.tx(), &session_id).await?;
        let own = family.filter(|family| family.person_id == person_id && family.is_seen_by(platform));
        let family = own.ok_or(IdentityError::SessionNotFound)?;
        store::token::revoke(work.tx(), &family.family_id, meta.now).await?;
        Ok(work.commit(Done {}).await?)
    }
}
