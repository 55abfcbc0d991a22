//! Machine clients and practitioners: tokens for signatures.

use liufang_kernel::{Sensitive, Timestamp};
use liufang_platform::{Begun, Call, CallMeta, Principal, PrincipalKind};

use super::sign_in::{Subject, TokenPair};
use super::{App, Done};
use crate::credential;
use crate::domain::certificate::{Certificate, keys};
use crate::domain::practitioner::{CLOCK_SECONDS, Practitioner, PractitionerKind, is_fresh, signed_text};
use crate::domain::token_family::{ACCESS_SECONDS, PRACTITIONER_SECONDS};
use crate::error::IdentityError;
use crate::store;
use crate::store::machine::Client;
use crate::wire::token::machine_kind;

/// A practitioner's signed request.
pub struct Signed {
    pub practitioner_code: String,
    pub issued_at_us: i64,
    pub nonce: String,
    pub signature: String,
}

impl App {
    /// Registers or replaces a machine client.
    pub async fn register_client(&self, call: Call<Client>) -> Result<Done, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        if !body.region.is_empty() && self.deps.regions.get(&body.region).is_none() {
            return Err(IdentityError::RegionUnknown);
        }
        store::machine::upsert(work.tx(), body, meta.now).await?;
        Ok(work.commit(Done {}).await?)
    }

    /// A token for an assertion. An unknown client and a wrong signature are the same refusal.
    pub async fn issue_client_token(
        &self,
        call: Call<Sensitive<String>>,
    ) -> Result<TokenPair, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let text = body.reveal();
        let issuer = credential::claimed_issuer(text).ok_or(IdentityError::AssertionInvalid("payload"))?;
        let unknown = IdentityError::AssertionInvalid("signature");
        let Some(client) = store::machine::find(work.tx(), &issuer).await? else { return Err(unknown) };
        let key = credential::ed25519_key(&client.public_key).ok_or(IdentityError::Stored("client key"))?;
        let Some(assertion) = credential::verified_assertion(text, &key) else { return Err(unknown) };
        assertion.check(meta.now)?;
        let nonce = self.vault.nonce(&client.client_id, &assertion.jti);
        let expires_at = Timestamp(assertion.exp.saturating_mul(1_000_000));
        if !store::machine::claim_nonce(work.tx(), &nonce, expires_at).await? {
            return Err(IdentityError::AssertionReused);
        }
        let subject = Subject {
            kind: machine_kind(client.kind).ok_or(IdentityError::Stored("client kind"))?,
            subject: &client.subject,
            // tells the machines of an institution apart
            client: &client.client_id,
            region: &client.region,
            actor: "",
            session: "",
        };
        let pair = self.access_token(subject, ACCESS_SECONDS, meta.now)?;
        Ok(work.commit(pair).await?)
    }

    /// A minutes-long token for a practitioner's signature. Order of refusals: exists, belongs to the caller, active,
    /// fresh, certificates, signature, nonce.
    pub async fn issue_practitioner_token(&self, call: Call<Signed>) -> Result<TokenPair, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let found = store::practitioner::find(work.tx(), &self.vault, &body.practitioner_code).await?;
        let own = found.ok_or(IdentityError::PractitionerNotFound)?;
        let certificates = store::certificate::of_practitioner(work.tx(), &own.code).await?;
        let certificates = self.stand(work.tx(), certificates, meta.now).await?;
        let registered = Some(own.signing_key.as_str()).filter(|_| !self.needs_certificate(&own));
        check_signed(&own, &certificates, registered, &body, &meta)?;
        let nonce = self.vault.nonce(&own.code, &body.nonce);
        let expires_at = Timestamp(body.issued_at_us).plus_seconds(2 * CLOCK_SECONDS);
        if !store::machine::claim_nonce(work.tx(), &nonce, expires_at).await? {
            return Err(IdentityError::NonceReused);
        }
        let subject = Subject {
            kind: PrincipalKind::Practitioner,
            subject: &own.code,
            client: &own.fixmedins_code,
            region: &meta.principal.region,
            actor: "",
            session: "",
        };
        let pair = self.access_token(subject, PRACTITIONER_SECONDS, meta.now)?;
        Ok(work.commit(pair).await?)
    }
}

fn check_signed(
    own: &Practitioner,
    certificates: &[Certificate],
    registered: Option<&str>,
    body: &Signed,
    meta: &CallMeta,
) -> Result<(), IdentityError> {
    if !belongs(own, &meta.principal) {
        return Err(IdentityError::PractitionerElsewhere);
    }
    if !own.active {
        return Err(IdentityError::PractitionerInactive);
    }
    if !is_fresh(body.issued_at_us, meta.now) {
        return Err(IdentityError::SignatureStale);
    }
    let text = signed_text(&own.code, body.issued_at_us, &body.nonce);
    let keys = keys(certificates, registered, meta.now)?;
    if !keys.iter().any(|key| credential::verifies(key, &text, &body.signature)) {
        return Err(IdentityError::SignatureInvalid);
    }
    Ok(())
}

/// HIS and POS speak for their own people, a courier's app for its courier.
fn belongs(own: &Practitioner, principal: &Principal) -> bool {
    match principal.kind {
        PrincipalKind::Courier => own.kind == PractitionerKind::Courier && own.code == principal.subject,
        PrincipalKind::His | PrincipalKind::Pos => {
            own.kind != PractitionerKind::Courier && own.fixmedins_code == principal.subject
        }
        _ => false,
    }
}
