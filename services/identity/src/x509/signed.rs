//! The signed envelope that certificates and revocation lists share: body, algorithm, signature.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sm2::dsa::signature::Verifier as _;
use sm2::dsa::{Signature, VerifyingKey};
use x509_cert::der::asn1::{BitString, ObjectIdentifier};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::credential::SM2_USER_ID;

const SM2_WITH_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What somebody signed, as it came: the bytes themselves, never an encoding made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    body: Vec<u8>,
    algorithm: ObjectIdentifier,
    signature: Vec<u8>,
}

impl Signed {
    /// Of the whole DER; `inner` and `outer` are the algorithm as it stands in the body and beside it.
    pub fn of(
        der: &[u8],
        inner: &AlgorithmIdentifierOwned,
        outer: &AlgorithmIdentifierOwned,
        signature: &BitString,
    ) -> Option<Signed> {
        if inner != outer {
            return None;
        }
        let (_, content) = element(der)?;
        let (body, _) = element(content)?;
        Some(Signed { body: body.to_vec(), algorithm: outer.oid, signature: signature.as_bytes()?.to_vec() })
    }

    /// Whether `key`, written as practitioners' keys are, made the signature. Key and algorithm must be of one kind.
    pub fn by(&self, key: &str) -> bool {
        match (key.split_once(':'), self.algorithm) {
            (Some(("p256", key)), ECDSA_WITH_SHA256) => {
                let key = STANDARD.decode(key).unwrap_or_default();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
                    .verify(&self.body, &self.signature)
                    .is_ok()
            }
            (Some(("ed25519", key)), ED25519_OID) => {
                let key = STANDARD.decode(key).unwrap_or_default();
                UnparsedPublicKey::new(&ED25519, key).verify(&self.body, &self.signature).is_ok()
            }
            (None, SM2_WITH_SM3) => self.by_sm2(key).unwrap_or(false),
            _ => false,
        }
    }

    /// The user id is the national default here too (GM/T 0015, RFC 8998 §3.2.1 names another one for TLS alone).
    fn by_sm2(&self, key: &str) -> Option<bool> {
        let key = VerifyingKey::from_sec1_bytes(SM2_USER_ID, &STANDARD.decode(key).ok()?).ok()?;
        let signature = Signature::from_der(&self.signature).ok()?;
        Some(key.verify(&self.body, &signature).is_ok())
    }
}

/// The first element of what a strict reader has taken already: the whole of it, and its content.
fn element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.get(1..)?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        _ => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (
                digits
                    .iter()
                    .try_fold(0_usize, |sum, digit| sum.checked_mul(256)?.checked_add(usize::from(*digit)))?,
                rest,
            )
        }
    };
    let content = rest.get(..length)?;
    let whole = bytes.len() - rest.len() + length;
    Some((bytes.get(..whole)?, content))
}
