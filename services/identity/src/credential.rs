//! Checks of outside credentials: Ed25519 assertions of machine clients, SM2 signatures of practitioners.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use liufang_platform::Tokens;
use sm2::dsa::signature::Verifier;
use sm2::dsa::{Signature, VerifyingKey};

use crate::domain::machine::Assertion;

/// The default user id of SM2 signatures (GB/T 35276; `domain.md` §10).
pub const SM2_USER_ID: &str = "1234567812345678";

/// Ed25519 public keys are Base64 of 32 bytes.
pub fn ed25519_key(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 32)
}

/// Whether `text` is an SM2 public key: Base64 of 65 bytes `04||x||y`, a point of the curve.
pub fn is_sm2_key(text: &str) -> bool {
    sm2_key(text).is_some()
}

/// Verifies SM3withSM2 over `message`; the signature is Base64 of `r||s`.
pub fn verify_sm2(key: &str, message: &str, signature: &str) -> bool {
    let Some(key) = sm2_key(key) else { return false };
    let Some(signature) =
        STANDARD.decode(signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok())
    else {
        return false;
    };
    key.verify(message.as_bytes(), &signature).is_ok()
}

fn sm2_key(text: &str) -> Option<VerifyingKey> {
    let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 65 && bytes[0] == 4)?;
    VerifyingKey::from_sec1_bytes(SM2_USER_ID, &bytes).ok()
}

/// Who an assertion claims to be from, before anything of it is believed.
pub fn claimed_issuer(assertion: &str) -> Option<String> {
    let payload = assertion.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Assertion>(&bytes).ok().map(|assertion| assertion.iss)
}

/// The payload of an assertion signed with `key`.
pub fn verified_assertion(assertion: &str, key: &[u8]) -> Option<Assertion> {
    Tokens::verify_assertion(assertion, key).ok()
}

#[cfg(test)]
mod tests {
    use sm2::SecretKey;
    use sm2::dsa::SigningKey;
    use sm2::dsa::signature::Signer;

    use super::*;

    #[test]
    fn an_sm2_signature_verifies_with_its_own_key_and_text_only() {
        let secret = SecretKey::from_slice(&[7; 32]).unwrap();
        let signing = SigningKey::new(SM2_USER_ID, &secret).unwrap();
        let key = STANDARD.encode(signing.verifying_key().to_sec1_bytes());
        let signature: Signature = signing.sign(b"text");
        let signature = STANDARD.encode(signature.to_bytes());
        assert!(is_sm2_key(&key));
        assert!(verify_sm2(&key, "text", &signature));
        assert!(!verify_sm2(&key, "other", &signature));
        let other = SigningKey::new(SM2_USER_ID, &SecretKey::from_slice(&[9; 32]).unwrap()).unwrap();
        assert!(!verify_sm2(&STANDARD.encode(other.verifying_key().to_sec1_bytes()), "text", &signature));
        for bad in ["", "AAAA", &STANDARD.encode([4; 65])] {
            assert!(
                !is_sm2_key(bad) && !verify_sm2(bad, "text", &signature) && !verify_sm2(&key, "text", bad)
            );
        }
    }

    #[test]
    fn an_issuer_is_read_before_it_is_believed() {
        let payload = URL_SAFE_NO_PAD
            .encode(r#"{"iss":"his-1","sub":"his-1","aud":"liufang","exp":1,"jti":"12345678"}"#);
        assert_eq!(claimed_issuer(&format!("e30.{payload}.AA")).as_deref(), Some("his-1"));
        for bad in ["", "a.b.c", "e30"] {
            assert_eq!(claimed_issuer(bad), None);
        }
    }
}
