//! The invented authority of the seed, and the making of certificates and lists for it and for tests.
//!
//! **For development only.** Its key is made from a published word, so anybody can sign as it: production refuses it by name
//! (`role.identity.authorities`). Nothing that serves calls uses this module except to trust that authority where the
//! configuration says `demo`.

mod der;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use liufang_kernel::Timestamp;
use sm2::dsa::SigningKey;
use sm2::dsa::signature::Signer as _;
use sm3::{Digest as _, Sm3};

use crate::credential::SM2_USER_ID;
use der::{OID_ECDSA_SHA256, OID_ED25519, OID_P256, OID_SM2, OID_SM2_SM3};

/// Bits of keyUsage.
pub mod usage {
    pub const SIGNATURE: u16 = 1 << 15;
    pub const COMMITMENT: u16 = 1 << 14;
    pub const ENCIPHERMENT: u16 = 1 << 13;
    pub const CERTIFICATES: u16 = 1 << 10;
    pub const LISTS: u16 = 1 << 9;
}

/// First and last moment of the invented certificates: 2020-01-01 and 2049-12-31.
pub const VALID: (Timestamp, Timestamp) =
    (Timestamp(1_577_836_800_000_000), Timestamp(2_524_521_600_000_000));

enum Key {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Sm2(Box<SigningKey>),
}

/// Somebody who issues.
pub struct Issuer {
    name: String,
    key: Key,
}

/// What a certificate shall say.
pub struct Wanted {
    pub subject: String,
    /// SubjectPublicKeyInfo in DER: [`Issuer::info`] or [`sm2_info`].
    pub info: Vec<u8>,
    pub serial: u64,
    pub valid: (Timestamp, Timestamp),
    /// Bits of [`usage`].
    pub usage: u16,
    /// Of an authority: how many more may follow below.
    pub authority: Option<u8>,
}

/// A row of a revocation list: serial, moment, reason (RFC 5280 §5.3.1).
pub type Row = (u64, Timestamp, u8);

/// The demo authority, as configuration trusts it: DER.
pub fn root() -> Vec<u8> {
    authority().self_signed(VALID)
}

/// The same in PEM, for installations that name files.
pub fn root_pem() -> String {
    der::pem("CERTIFICATE", &root())
}

/// The demo authority with its published key.
pub fn authority() -> Issuer {
    let secret: [u8; 32] = Sm3::digest("liufang development authority\nanybody can sign as it").into();
    Issuer::ed25519("Liufang Demo Signing Authority", &secret)
}

/// A demo certificate for the SM2 key of a practitioner, `04 || x || y`.
pub fn certificate(code: &str, point: &[u8]) -> Vec<u8> {
    let digest: [u8; 32] = Sm3::digest(code).into();
    let mut serial = [0; 8];
    serial.copy_from_slice(&digest[..8]);
    authority().issue(&Wanted {
        subject: code.to_owned(),
        info: sm2_info(point),
        // positive and never zero
        serial: u64::from_be_bytes(serial) >> 1 | 1,
        valid: VALID,
        usage: usage::SIGNATURE | usage::COMMITMENT,
        authority: None,
    })
}

/// SubjectPublicKeyInfo of an SM2 key, `04 || x || y`.
pub fn sm2_info(point: &[u8]) -> Vec<u8> {
    der::info(der::EC, Some(OID_SM2), point)
}

impl Issuer {
    pub fn ed25519(name: &str, secret: &[u8; 32]) -> Issuer {
        let key = Ed25519KeyPair::from_seed_unchecked(secret).expect("any 32 bytes are a key");
        Issuer { name: name.to_owned(), key: Key::Ed25519(key) }
    }

    pub fn sm2(name: &str, secret: &[u8; 32]) -> Issuer {
        let key = SigningKey::from_slice(SM2_USER_ID, secret).expect("a scalar inside the order");
        Issuer { name: name.to_owned(), key: Key::Sm2(Box::new(key)) }
    }

    /// With a fresh key.
    pub fn p256(name: &str) -> Issuer {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a generator that works");
        Issuer { name: name.to_owned(), key: Key::P256(key) }
    }

    /// SubjectPublicKeyInfo.
    pub fn info(&self) -> Vec<u8> {
        match &self.key {
            Key::Ed25519(key) => der::info(OID_ED25519, None, key.public_key().as_ref()),
            Key::P256(key) => der::info(der::EC, Some(OID_P256), key.public_key().as_ref()),
            Key::Sm2(key) => sm2_info(&key.verifying_key().to_sec1_bytes()),
        }
    }

    /// A root's own certificate.
    pub fn self_signed(&self, valid: (Timestamp, Timestamp)) -> Vec<u8> {
        self.issue(&self.wanted(1, valid, Some(4)))
    }

    /// What a certificate of this issuer as an authority shall say.
    pub fn wanted(&self, serial: u64, valid: (Timestamp, Timestamp), authority: Option<u8>) -> Wanted {
        Wanted {
            subject: self.name.clone(),
            info: self.info(),
            serial,
            valid,
            usage: usage::CERTIFICATES | usage::LISTS,
            authority,
        }
    }

    /// Issues a certificate.
    pub fn issue(&self, wanted: &Wanted) -> Vec<u8> {
        let validity = der::sequence(&[der::time(wanted.valid.0), der::time(wanted.valid.1)]);
        let mut extensions = vec![der::key_usage(wanted.usage)];
        extensions.extend(wanted.authority.map(der::basic_constraints));
        let body = der::sequence(&[
            der::tagged(0, &der::integer(2)),
            der::integer(wanted.serial),
            self.algorithm(),
            der::name(&self.name),
            validity,
            der::name(&wanted.subject),
            wanted.info.clone(),
            der::tagged(3, &der::sequence(&extensions)),
        ]);
        self.sign(&body)
    }

    /// Issues a revocation list.
    pub fn list(&self, number: u64, from: Timestamp, next: Timestamp, rows: &[Row]) -> Vec<u8> {
        let rows: Vec<_> =
            rows.iter().map(|(serial, at, reason)| der::revoked(*serial, *at, *reason)).collect();
        let mut parts =
            vec![der::integer(1), self.algorithm(), der::name(&self.name), der::time(from), der::time(next)];
        if !rows.is_empty() {
            parts.push(der::sequence(&rows));
        }
        parts.push(der::tagged(0, &der::sequence(&[der::crl_number(number)])));
        self.sign(&der::sequence(&parts))
    }

    fn algorithm(&self) -> Vec<u8> {
        der::sequence(&[der::oid(match self.key {
            Key::Ed25519(_) => OID_ED25519,
            Key::P256(_) => OID_ECDSA_SHA256,
            Key::Sm2(_) => OID_SM2_SM3,
        })])
    }

    fn sign(&self, body: &[u8]) -> Vec<u8> {
        let signature = match &self.key {
            Key::Ed25519(key) => key.sign(body).as_ref().to_vec(),
            Key::P256(key) => {
                key.sign(&SystemRandom::new(), body).expect("a generator that works").as_ref().to_vec()
            }
            Key::Sm2(key) => {
                let signature: sm2::dsa::Signature = key.sign(body);
                let bytes = signature.to_bytes();
                der::sequence(&[der::unsigned(&bytes[..32]), der::unsigned(&bytes[32..])])
            }
        };
        der::sequence(&[body.to_vec(), self.algorithm(), der::bits(&signature)])
    }
}
