//! Redeeming a proof of presence: what a counter got for an insurance code, spent once by the service that acts on it.

use liufang_kernel::Sensitive;
use liufang_platform::{Begun, Call};
use serde::{Deserialize, Serialize};

use super::App;
use crate::error::IdentityError;
use crate::store;

/// A proof and the counter where it is shown.
pub struct Redeem {
    pub presence_token: Sensitive<String>,
    pub institution: String,
}

/// Who was present. Stored sealed, never printed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Redeemed {
    pub person_id: String,
}

impl App {
    /// Spends a proof. The access record was left when the code was decoded: it is the same reading.
    pub async fn redeem_presence(&self, call: Call<Redeem>) -> Result<Redeemed, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let hash = self.vault.presence(body.presence_token.reveal());
        let person = store::code::redeem(work.tx(), &hash, &body.institution, meta.now).await?;
        let person_id = person.ok_or(IdentityError::PresenceInvalid)?;
        Ok(work.commit(Redeemed { person_id }).await?)
    }
}
