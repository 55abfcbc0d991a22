//! Access tokens: EdDSA JWTs of a few minutes.

use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use liufang_kernel::Timestamp;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use super::keys::{SigningKey, jwk, key_id};
use super::{AuthFault, Principal, PrincipalKind};
use crate::hash;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub sub: String,
    pub kind: PrincipalKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub client: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Seconds since the epoch.
    pub iat: i64,
    /// Seconds since the epoch.
    pub exp: i64,
    pub jti: String,
    /// The guardian who acts for a child, a person id; empty for everybody else. The subject is the child.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub act: String,
    /// The sign-in it belongs to; empty for machines and practitioners.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sid: String,
}

/// Signs (identity only) and verifies access tokens; cheap to clone.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    signing: Option<(EncodingKey, String)>,
    verifying: Vec<(String, Vec<u8>)>,
    // verifying costs more than everything else in the stack; a verified token stays verified until it expires
    verified: Cache<String, Arc<Claims>>,
}

impl Tokens {
    /// With the private key: signs and verifies.
    pub fn signing(key: &SigningKey) -> Tokens {
        Tokens::signing_beside(key, Vec::new())
    }

    /// With the private key, and the public keys of others whose tokens are good too: those of before a change of keys
    /// until they have expired, or those of the key that comes next.
    pub fn signing_beside(key: &SigningKey, others: Vec<Vec<u8>>) -> Tokens {
        let mut public = vec![key.public().to_vec()];
        for other in others {
            if !public.contains(&other) {
                public.push(other);
            }
        }
        Tokens::new(Some((EncodingKey::from_ed_der(key.pkcs8()), key.id())), public)
    }

    /// With public keys only.
    pub fn verifying(public_keys: Vec<Vec<u8>>) -> Tokens {
        Tokens::new(None, public_keys)
    }

    fn new(signing: Option<(EncodingKey, String)>, public: Vec<Vec<u8>>) -> Tokens {
        let verifying = public.into_iter().map(|key| (key_id(&key), key)).collect();
        Tokens(Arc::new(Inner { signing, verifying, verified: Cache::new(50_000) }))
    }

    /// Signs `claims`. Fails where the private key is not present.
    pub fn sign(&self, claims: &Claims) -> Result<String, AuthFault> {
        let (key, id) = self.0.signing.as_ref().ok_or(AuthFault::NotAllowed)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(id.clone());
        jsonwebtoken::encode(&header, claims, key).map_err(|_| AuthFault::Invalid)
    }

    /// Verifies a token and says who it speaks for.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Principal, AuthFault> {
        let key = hash::sha256_hex(token.as_bytes());
        let claims = match self.0.verified.get(&key) {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(self.check_signature(token)?);
                self.0.verified.insert(key, claims.clone());
                claims
            }
        };
        if claims.exp <= now.seconds() {
            return Err(AuthFault::Expired);
        }
        Ok(Principal {
            kind: claims.kind,
            subject: claims.sub.clone(),
            client: claims.client.clone(),
            region: claims.region.clone(),
            actor: claims.act.clone(),
            session: claims.sid.clone(),
        })
    }

    /// Verifies a practitioner's token, as HIS and POS hand it over inside a request.
    pub fn practitioner(&self, token: &str, now: Timestamp) -> Result<Principal, AuthFault> {
        let principal = self.verify(token, now)?;
        if principal.is(PrincipalKind::Practitioner) { Ok(principal) } else { Err(AuthFault::NotAllowed) }
    }

    /// The published key set (RFC 7517).
    pub fn jwks(&self) -> String {
        let keys: Vec<_> = self.0.verifying.iter().map(|(_, key)| jwk(key)).collect();
        serde_json::json!({ "keys": keys }).to_string()
    }

    fn check_signature(&self, token: &str) -> Result<Claims, AuthFault> {
        let header = jws_header(token)?;
        let (_, key) = self
            .0
            .verifying
            .iter()
            .find(|(id, _)| header.kid.as_ref() == Some(id))
            .ok_or(AuthFault::Invalid)?;
        verify_jws(token, key)
    }
}

#[derive(Deserialize)]
struct JwsHeader {
    alg: String,
    kid: Option<String>,
}

fn jws_header(token: &str) -> Result<JwsHeader, AuthFault> {
    let head = token.split('.').next().ok_or(AuthFault::Invalid)?;
    let bytes = URL_SAFE_NO_PAD.decode(head).map_err(|_| AuthFault::Invalid)?;
    serde_json::from_slice(&bytes).map_err(|_| AuthFault::Invalid)
}

/// Verifies a compact JWS (EdDSA only) with a raw Ed25519 public key and reads its payload. Times are not checked here:
/// the caller has the clock. Used for access tokens and for client assertions.
pub fn verify_jws<T: serde::de::DeserializeOwned>(token: &str, public_key: &[u8]) -> Result<T, AuthFault> {
    if jws_header(token)?.alg != "EdDSA" {
        return Err(AuthFault::Invalid);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(AuthFault::Invalid)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| AuthFault::Invalid)?;
    UnparsedPublicKey::new(&ED25519, public_key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| AuthFault::Invalid)?;
    let (_, payload) = signed.split_once('.').ok_or(AuthFault::Invalid)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| AuthFault::Invalid)?;
    serde_json::from_slice(&payload).map_err(|_| AuthFault::Invalid)
}

impl Tokens {
    /// See [`verify_jws`].
    pub fn verify_assertion<T: serde::de::DeserializeOwned>(
        token: &str,
        public_key: &[u8],
    ) -> Result<T, AuthFault> {
        verify_jws(token, public_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(exp: i64) -> Claims {
        Claims {
            sub: "per_1".to_owned(),
            kind: PrincipalKind::Patient,
            client: String::new(),
            region: String::new(),
            iat: 0,
            exp,
            jti: "j".to_owned(),
            act: String::new(),
            sid: "fam_1".to_owned(),
        }
    }

    #[test]
    fn verifies_its_own_tokens_until_they_expire() {
        let key = SigningKey::generate().unwrap();
        let token = Tokens::signing(&key).sign(&claims(100)).unwrap();
        let tokens = Tokens::verifying(vec![key.public().to_vec()]);
        let now = |seconds: i64| Timestamp(seconds * 1_000_000);
        assert_eq!(tokens.verify(&token, now(99)).unwrap().subject, "per_1");
        assert_eq!(tokens.verify(&token, now(100)), Err(AuthFault::Expired));
        assert_eq!(tokens.practitioner(&token, now(1)), Err(AuthFault::NotAllowed));
    }

    #[test]
    fn a_token_says_who_acts() {
        let key = SigningKey::generate().unwrap();
        let tokens = Tokens::signing(&key);
        let own = tokens.verify(&tokens.sign(&claims(100)).unwrap(), Timestamp(1)).unwrap();
        let acting = Claims { act: "per_2".to_owned(), ..claims(100) };
        let acting = tokens.verify(&tokens.sign(&acting).unwrap(), Timestamp(1)).unwrap();
        assert_eq!((own.actor(), acting.actor()), (None, Some("per_2")));
        assert_eq!(acting.person(), Ok("per_1"), "the child is the patient");
        assert_ne!(own.key_owner(), acting.key_owner(), "neither repeats the other's writes");
    }

    #[test]
    fn a_change_of_keys_ends_nobodys_token() {
        let (old, new) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let (before, now) = (Tokens::signing(&old), Timestamp(1));
        let token = before.sign(&claims(100)).unwrap();
        // the new key may be listed beside the old one too: the list is the same for every role
        let listed = vec![old.public().to_vec(), new.public().to_vec()];
        let during = Tokens::signing_beside(&new, listed.clone());
        assert!(during.verify(&token, now).is_ok(), "a token of before");
        let fresh = during.sign(&claims(100)).unwrap();
        assert!(during.verify(&fresh, now).is_ok());
        assert!(
            Tokens::verifying(listed.clone()).verify(&fresh, now).is_ok(),
            "the other roles know it already"
        );
        assert!(
            Tokens::signing_beside(&old, listed).verify(&fresh, now).is_ok(),
            "so does a replica not yet changed"
        );
        let published: serde_json::Value = serde_json::from_str(&during.jwks()).unwrap();
        let ids: Vec<_> =
            published["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
        assert_eq!(ids, [new.id(), old.id()], "each once, its own first");
        assert_eq!(Tokens::signing(&new).verify(&token, now), Err(AuthFault::Invalid), "taken out again");
    }

    #[test]
    fn refuses_other_keys_and_changed_tokens() {
        let key = SigningKey::generate().unwrap();
        let token = Tokens::signing(&key).sign(&claims(100)).unwrap();
        let other = Tokens::signing(&SigningKey::generate().unwrap());
        assert_eq!(other.verify(&token, Timestamp(0)), Err(AuthFault::Invalid));
        let (head, tail) = token.split_at(token.len() / 2);
        let flipped = if tail.starts_with('A') { "B" } else { "A" };
        let changed = format!("{head}{flipped}{}", &tail[1..]);
        assert_eq!(Tokens::signing(&key).verify(&changed, Timestamp(0)), Err(AuthFault::Invalid));
        let none =
            format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode("{}"));
        assert_eq!(Tokens::signing(&key).verify(&none, Timestamp(0)), Err(AuthFault::Invalid));
    }
}
