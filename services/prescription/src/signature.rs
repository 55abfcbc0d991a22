//! Signatures over the canonical document: SM2 with SM3 (`domain.md` §10), P-256 with SHA-256, Ed25519. The last two stand
//! in certificates alone, their keys with the word `p256:` or `ed25519:` before them.
//!
//! Keys are `04 || x || y` (65 bytes) in Base64, signatures raw `r || s` (64 bytes) in Base64, never ASN.1. The user id is
//! the national default.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sm2::dsa::signature::Verifier as _;
use sm2::dsa::{Signature, VerifyingKey};

/// Default SM2 user id of GB/T 32918.
pub const USER_ID: &str = "1234567812345678";

/// Whether `signature` over `document` was made with the private key of `key`. Unreadable keys and signatures verify
/// nothing.
pub fn verifies(key: &str, signature: &str, document: &[u8]) -> bool {
    check(key, signature, document).is_some()
}

fn check(key: &str, signature: &str, document: &[u8]) -> Option<()> {
    let signature = STANDARD.decode(signature).ok()?;
    if let Some(key) = key.strip_prefix("p256:") {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, STANDARD.decode(key).ok()?);
        return key.verify(document, &signature).ok();
    }
    if let Some(key) = key.strip_prefix("ed25519:") {
        let key = UnparsedPublicKey::new(&ED25519, STANDARD.decode(key).ok()?);
        return key.verify(document, &signature).ok();
    }
    let key = STANDARD.decode(key).ok()?;
    let key = VerifyingKey::from_sec1_bytes(USER_ID, &key).ok()?;
    let signature = Signature::from_slice(&signature).ok()?;
    key.verify(document, &signature).ok()
}

#[cfg(test)]
mod tests {
    use sm2::dsa::SigningKey;
    use sm2::dsa::signature::Signer as _;

    use super::*;

    fn key(seed: u8) -> (SigningKey, String) {
        let key = SigningKey::from_slice(USER_ID, &[seed; 32]).unwrap();
        let public = STANDARD.encode(key.verifying_key().to_sec1_bytes());
        (key, public)
    }

    #[test]
    fn verifies_its_own_bytes_and_no_others() {
        let (own, public) = key(7);
        let signature: Signature = own.sign(b"document");
        let signature = STANDARD.encode(signature.to_bytes());
        assert!(verifies(&public, &signature, b"document"));
        assert!(!verifies(&public, &signature, b"documenT"));
        assert!(!verifies(&key(8).1, &signature, b"document"));
        for bad in ["", "AAAA", "not base64"] {
            assert!(!verifies(&public, bad, b"document"));
            assert!(!verifies(bad, &signature, b"document"));
        }
    }

    /// Vector of the `sm2` crate's OpenSSL interoperation test, with its own user id.
    #[test]
    fn agrees_with_openssl() {
        let public = hex(
            "0408D77AE04C01CC4C1104360DD8AF6B6F7DF334283D7C1A6AFD5652407B87BEE5014E2A57C36C150D16324DC664E31E6432359609C4E79847A5B161C8C7364C8A",
        );
        let signature = hex(
            "d1dcccedd9fb785e0f67c16b7c52901625c0b69de9bca2144acc7be713cad2fcf7d1eae6e3a157b36c65f672f738ca8b46298bf149a6510072c431b49cd88b1c",
        );
        let key = VerifyingKey::from_sec1_bytes("example@rustcrypto.org", &public).unwrap();
        let signature = Signature::from_slice(&signature).unwrap();
        assert!(key.verify(b"testing", &signature).is_ok());
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }
}
