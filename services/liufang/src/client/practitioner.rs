//! A doctor or pharmacist with an SM2 key: the token for a call of minutes, and signatures on prescriptions.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_proto::identity::v1::IssuePractitionerTokenRequest;
use sm2::dsa::signature::Signer as _;
use sm2::dsa::{Signature, SigningKey};
use uuid::Uuid;

use super::Refusal;
use super::services::Tokens;
use super::session::{Answer, Session};

/// The default user identity of GB/T 32918.2.
pub const USER_ID: &str = "1234567812345678";

/// The secret is no SM2 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("32 bytes that are not an SM2 secret key")]
pub struct PractitionerKeyError;

/// A practitioner and their signing key; cheap to clone.
#[derive(Clone)]
pub struct Practitioner {
    code: String,
    key: Arc<SigningKey>,
}

impl Practitioner {
    /// `secret` is the SM2 scalar, big endian.
    pub fn new(code: &str, secret: &[u8; 32]) -> Result<Practitioner, PractitionerKeyError> {
        let key = SigningKey::from_slice(USER_ID, secret).map_err(|_| PractitionerKeyError)?;
        Ok(Practitioner { code: code.to_owned(), key: Arc::new(key) })
    }

    /// `dr_code`, `phar_code` or courier code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The public key as registration takes it: Base64 of `04 || x || y`.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.key.verifying_key().to_sec1_bytes())
    }

    /// SM2 with SM3 over `bytes`: Base64 of `r || s`.
    pub fn sign(&self, bytes: &[u8]) -> Answer<String> {
        let signature: Signature = self
            .key
            .try_sign(bytes)
            .map_err(|_| Refusal::local("SIGNING_FAILED", "the SM2 key cannot sign"))?;
        Ok(STANDARD.encode(signature.to_bytes()))
    }

    /// A practitioner token, asked for through the institution's machine session.
    pub async fn token(&self, through: &Session) -> Answer<String> {
        let issued_at_us = through.gateway().now().0;
        let nonce = Uuid::new_v4().simple().to_string();
        let text = format!("liufang-practitioner\n{}\n{issued_at_us}\n{nonce}", self.code);
        let body = IssuePractitionerTokenRequest {
            practitioner_code: self.code.clone(),
            issued_at_us,
            nonce,
            signature: self.sign(text.as_bytes())?,
        };
        let reply = through
            .write(body, |channel, request| async move {
                Tokens::new(channel).issue_practitioner_token(request).await
            })
            .await?;
        Ok(reply.tokens.unwrap_or_default().access_token)
    }
}

#[cfg(test)]
mod tests {
    use sm2::dsa::VerifyingKey;
    use sm2::dsa::signature::Verifier as _;

    use super::*;

    #[test]
    fn signatures_verify_with_the_registered_key() {
        let practitioner = Practitioner::new("D130302000001", &[7; 32]).unwrap();
        let public = STANDARD.decode(practitioner.public_key()).unwrap();
        assert_eq!((public.len(), public[0]), (65, 4));
        let signature = STANDARD.decode(practitioner.sign(b"text").unwrap()).unwrap();
        assert_eq!(signature.len(), 64);
        let key = VerifyingKey::from_sec1_bytes(USER_ID, &public).unwrap();
        let signature = Signature::from_slice(&signature).unwrap();
        assert!(key.verify(b"text", &signature).is_ok() && key.verify(b"test", &signature).is_err());
    }

    #[test]
    fn zero_is_no_key() {
        assert!(Practitioner::new("D1", &[0; 32]).is_err());
    }
}
