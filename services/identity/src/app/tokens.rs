//! Refresh, revocation, and the published keys.

use liufang_kernel::Sensitive;
use liufang_platform::{Begun, Call};

use super::sign_in::TokenPair;
use super::{App, Done, platform_of};
use crate::domain::token_family::{TokenRefused, rotate};
use crate::error::IdentityError;
use crate::store;

/// The published keys as a JWK set.
pub struct KeySet(pub String);

impl App {
    /// Rotates a refresh token. The reuse of an old one ends the family, and that stays although the call is refused.
    pub async fn refresh_token(&self, call: Call<Sensitive<String>>) -> Result<TokenPair, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let hash = self.vault.refresh_token(body.reveal());
        let found = store::token::find(work.tx(), &hash).await?;
        let (family, token) = found.ok_or(IdentityError::RefreshTokenInvalid)?;
        if let Err(refused) = rotate(&family, &token, platform_of(&meta.principal), meta.now) {
            work.cancel().await?;
            if refused == TokenRefused::Reused {
                let step = self.deps.db.begin_step().await?;
                store::token::revoke(step.tx(), &family.family_id, meta.now).await?;
                step.done().await?;
                tracing::info!(family = %family.family_id, "old refresh token came back, sign-in revoked");
            }
            return Err(refused.into());
        }
        store::token::consume(work.tx(), &hash, meta.now).await?;
        let pair = self.next_pair(&work, &family, meta.now).await?;
        Ok(work.commit(pair).await?)
    }

    /// Ends a family by any of its tokens. An unknown token is no error (RFC 7009 §2.2): there is nothing left to end.
    pub async fn revoke_token(&self, call: Call<Sensitive<String>>) -> Result<Done, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let found = store::token::find(work.tx(), &self.vault.refresh_token(body.reveal())).await?;
        if let Some((family, _)) = found.filter(|(family, _)| family.client == platform_of(&meta.principal)) {
            store::token::revoke(work.tx(), &family.family_id, meta.now).await?;
        }
        Ok(work.commit(Done {}).await?)
    }

    /// The published key set.
    pub fn key_set(&self) -> KeySet {
        KeySet(self.deps.tokens.jwks())
    }
}
