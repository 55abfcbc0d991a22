//! Checks of outside credentials: Ed25519 assertions of machine clients, signatures of practitioners.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, VerificationAlgorithm};
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

/// A key practitioners sign with.
pub enum Key {
    Sm2(VerifyingKey),
    P256(ParsedPublicKey),
    Ed25519(ParsedPublicKey),
}

/// Reads a key: Base64 of an SM2 point, `p256:` and Base64 of a point, `ed25519:` and Base64 of 32 bytes.
pub fn key_of(text: &str) -> Option<Key> {
    let parsed = |algorithm: &'static dyn VerificationAlgorithm, text: &str| {
        ParsedPublicKey::new(algorithm, STANDARD.decode(text).ok()?).ok()
    };
    if let Some(text) = text.strip_prefix("p256:") {
        parsed(&ECDSA_P256_SHA256_FIXED, text).map(Key::P256)
    } else if let Some(text) = text.strip_prefix("ed25519:") {
        parsed(&ED25519, text).map(Key::Ed25519)
    } else {
        sm2_key(text).map(Key::Sm2)
    }
}

/// Verifies a practitioner's signature over `message`: SM3withSM2, P-256 with SHA-256, or Ed25519. The signature is Base64 of
/// 64 bytes.
pub fn verifies(key: &str, message: &str, signature: &str) -> bool {
    let (Some(key), Ok(signature)) = (key_of(key), STANDARD.decode(signature)) else { return false };
    match key {
        Key::Sm2(key) => Signature::from_slice(&signature)
            .is_ok_and(|signature| key.verify(message.as_bytes(), &signature).is_ok()),
        Key::P256(key) | Key::Ed25519(key) => key.verify_sig(message.as_bytes(), &signature).is_ok(),
    }
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
        assert!(verifies(&key, "text", &signature));
        assert!(!verifies(&key, "other", &signature));
        let other = SigningKey::new(SM2_USER_ID, &SecretKey::from_slice(&[9; 32]).unwrap()).unwrap();
        assert!(!verifies(&STANDARD.encode(other.verifying_key().to_sec1_bytes()), "text", &signature));
        for bad in ["", "AAAA", &STANDARD.encode([4; 65])] {
            assert!(!is_sm2_key(bad) && !verifies(bad, "text", &signature) && !verifies(&key, "text", bad));
        }
    }

    #[test]
    fn p256_and_ed25519_verify_too() {
        use aws_lc_rs::rand::SystemRandom;
        use aws_lc_rs::signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        };
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = format!("p256:{}", STANDARD.encode(p256.public_key().as_ref()));
        let signed = STANDARD.encode(p256.sign(&SystemRandom::new(), b"text").unwrap().as_ref());
        assert!(verifies(&key, "text", &signed) && !verifies(&key, "texT", &signed));
        let bare = STANDARD.encode(p256.public_key().as_ref());
        assert!(!verifies(&bare, "text", &signed), "the word before the key counts");
        let own = Ed25519KeyPair::generate().unwrap();
        let key = format!("ed25519:{}", STANDARD.encode(own.public_key().as_ref()));
        let signed = STANDARD.encode(own.sign(b"text").as_ref());
        assert!(verifies(&key, "text", &signed) && !verifies(&key, "texT", &signed));
        for bad in ["p256:", "ed25519:AAAA", &format!("p256:{}", STANDARD.encode([4; 65]))] {
            assert!(key_of(bad).is_none(), "{bad}");
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
