//! A guardian acts for a child: with a token of minutes that names both, checked at the door for every call.

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call, PrincipalKind};

use super::sign_in::{SignedIn, Subject};
use super::{App, Done, platform_of};
use crate::domain::access_purpose::AccessPurpose;
use crate::error::IdentityError;
use crate::store;
use crate::store::access::Noted;

/// Life of such a token. Short, although every call is checked: it is a second key to somebody's data.
const ACTING_SECONDS: i64 = 5 * 60;

/// A call that a guardian makes.
pub struct Acting {
    pub guardian_person_id: String,
    pub child_person_id: String,
    /// Service and method.
    pub method: String,
}

impl App {
    /// A token whose subject is the child. Order of refusals: no relation of the caller's as guardian, one that does not hold.
    pub async fn act_for_child(&self, call: Call<String>) -> Result<SignedIn, IdentityError> {
        let Call { meta, body: guardianship_id } = call;
        let guardian = meta.principal.person()?;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let found = store::guardian::find(work.tx(), &self.vault, &guardianship_id).await?;
        let own = found.filter(|own| own.guardian_person_id == guardian);
        let own = own.ok_or(IdentityError::GuardianNotFound)?;
        let today = meta.now.china_date();
        if !own.covers(today) {
            return Err(IdentityError::GuardianEnded { state: Some(own.state_on(today)) });
        }
        let subject = Subject {
            kind: PrincipalKind::Patient,
            subject: &own.child_person_id,
            client: platform_of(&meta.principal),
            region: &own.region,
            actor: guardian,
            // the guardian's own sign-in: its end is the end of this token too
            session: &meta.principal.session,
        };
        let tokens = self.access_token(subject, ACTING_SECONDS, meta.now)?;
        let reading = self.reading(&reader(guardian), AccessPurpose::ActForChild, meta.now);
        store::access::insert(work.tx(), &own.child_person_id, reading).await?;
        Ok(work.commit(SignedIn { person_id: own.child_person_id, tokens }).await?)
    }

    /// Whether the guardian may act at this moment. Whoever may leaves an access record before anything is told: one for each
    /// method in an hour, the first time.
    pub async fn check_acting(&self, call: Call<Acting>) -> Result<Done, IdentityError> {
        let Call { meta, body } = call;
        let (guardian, child) = (&body.guardian_person_id, &body.child_person_id);
        let found = store::guardian::of_pair(self.deps.db.read(), &self.vault, guardian, child).await?;
        let today = meta.now.china_date();
        if !found.as_ref().is_some_and(|own| own.covers(today)) {
            return Err(IdentityError::GuardianEnded { state: found.map(|own| own.state_on(today)) });
        }
        let mut reading = self.reading(&reader(guardian), AccessPurpose::ActForChild, meta.now);
        // the purpose says what for: the method that was called
        reading.purpose = format!("{}:{}", reading.purpose, body.method);
        let noted = Noted::new(guardian, child, &reading.purpose, meta.now);
        if store::access::is_noted(self.deps.db.read(), &noted).await? {
            return Ok(Done {});
        }
        let work = self.deps.db.begin_step().await?;
        // of two calls at once one notes
        if store::access::note(work.tx(), &noted).await? {
            store::access::insert(work.tx(), child, reading).await?;
        }
        work.done().await?;
        Ok(Done {})
    }

    /// Whether a confirmed guardian stands for this person, who needs no verification of their own then.
    pub(super) async fn is_ward(&self, person_id: &str, now: Timestamp) -> Result<bool, IdentityError> {
        let today = now.china_date();
        store::guardian::has_guardian(self.deps.db.read(), &self.vault, person_id, today).await
    }
}

/// How a guardian is named in the child's access records.
pub(super) fn reader(guardian_person_id: &str) -> String {
    format!("guardian:{guardian_person_id}")
}
