//! Tokens and machine clients on the wire.

use liufang_kernel::codes::{is_institution_code, is_region_code};
use liufang_kernel::{Sensitive, Timestamp, Violations};
use liufang_platform::{CallMeta, PrincipalKind};
use liufang_proto::common::v1::Caller;
use liufang_proto::identity::v1 as pb;

use crate::app::machines::Signed;
use crate::app::sessions::{EndedSessions, Sessions};
use crate::app::sign_in::{SignedIn, TokenPair};
use crate::app::tokens::KeySet;
use crate::credential::ed25519_key;
use crate::domain::practitioner::is_nonce;
use crate::store::machine::Client;

/// The principal kind a stored client number stands for.
pub fn machine_kind(kind: i32) -> Option<PrincipalKind> {
    PrincipalKind::of_machine(Caller::try_from(kind).ok()?)
}

pub fn sign_in(request: pb::SignInRequest, _: &CallMeta) -> Result<String, Violations> {
    super::id("verification_id", &request.verification_id)
}

pub fn refresh(request: pb::RefreshTokenRequest, _: &CallMeta) -> Result<Sensitive<String>, Violations> {
    super::id("refresh_token", &request.refresh_token).map(Sensitive::new)
}

pub fn revoke(request: pb::RevokeTokenRequest, _: &CallMeta) -> Result<Sensitive<String>, Violations> {
    super::id("refresh_token", &request.refresh_token).map(Sensitive::new)
}

pub fn client_token(
    request: pb::IssueClientTokenRequest,
    _: &CallMeta,
) -> Result<Sensitive<String>, Violations> {
    let mut violations = Violations::new();
    let assertion = violations.text("client_assertion", &request.client_assertion, 4096);
    violations.finish(Some(Sensitive::new(assertion)))
}

pub fn practitioner_token(
    request: pb::IssuePractitionerTokenRequest,
    _: &CallMeta,
) -> Result<Signed, Violations> {
    let mut violations = Violations::new();
    let practitioner_code = violations.text("practitioner_code", &request.practitioner_code, 50);
    violations.check(request.issued_at_us > 0, "issued_at_us", "must be microseconds since the epoch");
    violations.check(is_nonce(&request.nonce), "nonce", "must be 16 to 64 visible ASCII characters");
    let signature = violations.text("signature", &request.signature, 128);
    let signed =
        Signed { practitioner_code, issued_at_us: request.issued_at_us, nonce: request.nonce, signature };
    violations.finish(Some(signed))
}

pub fn sessions(_: pb::ListSessionsRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn revoke_session(request: pb::RevokeSessionRequest, _: &CallMeta) -> Result<String, Violations> {
    super::id("session_id", &request.session_id)
}

impl From<Sessions> for pb::ListSessionsResponse {
    fn from(own: Sessions) -> pb::ListSessionsResponse {
        let sessions = own.0.into_iter().map(|family| pb::Session {
            session_id: family.family_id,
            platform: family.client,
            started_at_us: family.started_at.0,
            last_used_at_us: family.used_at.0,
            expires_at_us: family.expires_at.0,
        });
        pb::ListSessionsResponse { sessions: sessions.collect() }
    }
}

pub fn key_set(_: pb::GetKeySetRequest, _: &CallMeta) -> Result<(), Violations> {
    Ok(())
}

pub fn register_client(request: pb::RegisterClientRequest, _: &CallMeta) -> Result<Client, Violations> {
    let mut violations = Violations::new();
    let client_id = violations.text("client_id", &request.client_id, 64);
    let kind = machine_kind(request.kind);
    violations.check(
        kind.is_some(),
        "kind",
        "must be HIS, POS, PLATFORM, COURIER, AGENCY, SUPERVISOR or CHANNEL",
    );
    let subject = violations.text("subject", &request.subject, 64);
    if matches!(kind, Some(PrincipalKind::His | PrincipalKind::Pos)) {
        violations.check(is_institution_code(&subject), "subject", "must be an institution code");
    }
    let key = ed25519_key(&request.public_key);
    violations.check(key.is_some(), "public_key", "must be an Ed25519 key: Base64 of 32 bytes");
    let region = request.region.trim().to_owned();
    violations.check(region.is_empty() || is_region_code(&region), "region", "must be empty or six digits");
    violations.finish(Some(Client {
        client_id,
        kind: request.kind,
        subject,
        public_key: request.public_key,
        region,
    }))
}

impl From<TokenPair> for pb::TokenPair {
    fn from(own: TokenPair) -> pb::TokenPair {
        pb::TokenPair {
            access_token: own.access_token,
            access_expires_at_us: own.access_expires_at.0,
            refresh_token: own.refresh_token,
            refresh_expires_at_us: own.refresh_expires_at.map_or(0, |at| at.0),
        }
    }
}

impl From<SignedIn> for pb::SignInResponse {
    fn from(own: SignedIn) -> pb::SignInResponse {
        pb::SignInResponse { person_id: own.person_id, tokens: Some(own.tokens.into()) }
    }
}

macro_rules! pairs {
    ($($response:ident),*) => {$(
        impl From<TokenPair> for pb::$response {
            fn from(own: TokenPair) -> pb::$response {
                pb::$response { tokens: Some(own.into()) }
            }
        }
    )*};
}
pairs!(RefreshTokenResponse, IssueClientTokenResponse, IssuePractitionerTokenResponse);

impl From<KeySet> for pb::GetKeySetResponse {
    fn from(own: KeySet) -> pb::GetKeySetResponse {
        pb::GetKeySetResponse { jwks_json: own.0 }
    }
}

pub fn ended(request: pb::ListEndedSessionsRequest, _: &CallMeta) -> Result<Timestamp, Violations> {
    let mut violations = Violations::new();
    violations.check(0 <= request.after_us, "after_us", "must not be negative");
    violations.finish(Some(Timestamp(request.after_us)))
}

impl From<EndedSessions> for pb::ListEndedSessionsResponse {
    fn from(own: EndedSessions) -> pb::ListEndedSessionsResponse {
        let sessions = own
            .sessions
            .into_iter()
            .map(|ended| pb::EndedSession { session_id: ended.session_id, ended_at_us: ended.ended_at.0 });
        pb::ListEndedSessionsResponse { sessions: sessions.collect(), more: own.more, now_us: own.now.0 }
    }
}
