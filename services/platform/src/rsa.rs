//! What payment channels sign and seal with: RSA PKCS#1 v1.5 over SHA-256 in Base64, and AES-256-GCM with a nonce that stands
//! beside the text (RFC 8017 §8.2, NIST SP 800-38D).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_kernel::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use x509_cert::der::{Decode as _, Encode as _};

/// What a file with a key holds instead of one. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("holds no RSA private key of at least 2048 bits in PEM")]
    NoPrivateKey,
    #[error("holds no RSA public key and no certificate of one in PEM")]
    NoPublicKey,
    #[error("no key could be made")]
    NotMade,
}

/// The key that signs.
pub struct Signer(KeyPair);

impl Signer {
    /// PKCS#8 or PKCS#1, in PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Signer, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyError::NoPrivateKey)?;
        let pair = match &der {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(KeyError::NoPrivateKey),
        };
        pair.map(Signer).map_err(|_| KeyError::NoPrivateKey)
    }

    /// Signs `text`; Base64.
    pub fn sign(&self, text: &str) -> String {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .expect("the buffer is as long as the modulus");
        STANDARD.encode(signature)
    }
}

/// A key that checks.
#[derive(Clone)]
pub struct Verifier(Vec<u8>);

impl Verifier {
    /// A public key (SubjectPublicKeyInfo) or a certificate, in PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Verifier, KeyError> {
        let public = match SubjectPublicKeyInfoDer::from_pem_slice(pem) {
            Ok(der) => der.as_ref().to_vec(),
            Err(_) => of_certificate(pem).ok_or(KeyError::NoPublicKey)?,
        };
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public);
        key.parse().map_err(|_| KeyError::NoPublicKey)?;
        Ok(Verifier(public))
    }

    /// Whether `signature`, in Base64, is the key's over exactly these bytes.
    pub fn verifies(&self, bytes: &[u8], signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(bytes, &signature).is_ok()
    }
}

/// A key with the certificate that names it. Who issued it is not looked at: it comes from where it is trusted.
#[derive(Clone)]
pub struct Certified {
    pub key: Verifier,
    /// Upper-case hex without leading zeros in pairs, as channels write it.
    pub serial: String,
    /// First and last second it is valid.
    valid: [i64; 2],
}

impl Certified {
    /// A certificate in PEM.
    ///
    /// # Errors
    /// It is none, or not of an RSA key.
    pub fn from_pem(pem: &[u8]) -> Result<Certified, KeyError> {
        let key = Verifier::from_pem(pem)?;
        let read = certificate(pem).ok_or(KeyError::NoPublicKey)?;
        let own = read.tbs_certificate();
        let second = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        let valid = [second(&own.validity().not_before), second(&own.validity().not_after)];
        let number = own.serial_number().as_bytes();
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        Ok(Certified { key, serial: hex::encode_upper(&number[zeros..]), valid })
    }

    pub fn is_valid(&self, now: Timestamp) -> bool {
        (self.valid[0]..=self.valid[1]).contains(&now.seconds())
    }
}

fn certificate(pem: &[u8]) -> Option<x509_cert::Certificate> {
    let der = CertificateDer::from_pem_slice(pem).ok()?;
    x509_cert::Certificate::from_der(&der).ok()
}

fn of_certificate(pem: &[u8]) -> Option<Vec<u8>> {
    certificate(pem)?.tbs_certificate().subject_public_key_info().to_der().ok()
}

/// A new pair of 2048 bits in PEM: private (PKCS#8) and public.
///
/// # Errors
/// The library makes none.
pub fn new_pair() -> Result<(String, String), KeyError> {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::NotMade)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::NotMade)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| KeyError::NotMade)?;
    Ok((pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", public.as_ref())))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Opens `sealed` (text and tag); nothing unless key, nonce, context and every byte are right.
pub fn open_gcm(key: &[u8], nonce: &[u8], context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = sealed.to_vec();
    Some(key.open_in_place(nonce, Aad::from(context), &mut text).ok()?.to_vec())
}

/// Seals `plain`, for who plays a channel: text and tag. None for a key or nonce of another length.
pub fn seal_gcm(key: &[u8], nonce: &[u8], context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = plain.to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(context), &mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_flipped_bit_is_refused() {
        let (private, public) = new_pair().unwrap();
        let (signer, verifier) =
            (Signer::from_pem(private.as_bytes()).unwrap(), Verifier::from_pem(public.as_bytes()).unwrap());
        let (text, signature) = ("POST\n/v3/pay\n1\nn\n{}\n", signer.sign("POST\n/v3/pay\n1\nn\n{}\n"));
        assert!(verifier.verifies(text.as_bytes(), &signature));
        for at in 0..text.len() {
            let mut bent = text.as_bytes().to_vec();
            bent[at] ^= 1;
            assert!(!verifier.verifies(&bent, &signature));
        }
        let mut bytes = STANDARD.decode(&signature).unwrap();
        bytes[7] ^= 16;
        assert!(!verifier.verifies(text.as_bytes(), &STANDARD.encode(bytes)));
        assert!(!verifier.verifies(text.as_bytes(), "not base64"));
    }

    /// NIST's GCM test vectors as published with "The Galois/Counter Mode of Operation" (McGrew, Viega), appendix B, case 16.
    #[test]
    fn the_published_vector_opens_and_seals() {
        let hex = |text: &str| hex::decode(text).unwrap();
        let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        let nonce = hex("cafebabefacedbaddecaf888");
        let context = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let sealed = hex(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
        );
        assert_eq!(seal_gcm(&key, &nonce, &context, &plain), Some(sealed.clone()));
        assert_eq!(open_gcm(&key, &nonce, &context, &sealed), Some(plain));
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(open_gcm(&key, &nonce, &context, &bent), None);
        }
        assert_eq!(open_gcm(&key, &nonce, b"other", &sealed), None);
        assert_eq!(open_gcm(&key[1..], &nonce, &context, &sealed), None);
    }

    #[test]
    fn other_files_are_named_and_not_quoted() {
        assert_eq!(Signer::from_pem(b"secret").err(), Some(KeyError::NoPrivateKey));
        assert_eq!(Verifier::from_pem(b"secret").err(), Some(KeyError::NoPublicKey));
        let (private, _) = new_pair().unwrap();
        assert_eq!(Verifier::from_pem(private.as_bytes()).err(), Some(KeyError::NoPublicKey));
    }
}
