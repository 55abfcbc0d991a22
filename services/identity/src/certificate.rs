//! Reads a practitioner's certificate as it is registered. Who issued it is `x509/path.rs`' to say.

use crate::domain::authority::Standing;
use crate::domain::certificate::Certificate;
use crate::x509::{Parsed, decode};

/// Reads a certificate in DER, Base64, for a practitioner.
///
/// # Errors
/// What is wrong with it, in words for the field.
pub fn read(text: &str, practitioner: &str) -> Result<Certificate, &'static str> {
    let der = decode(text).ok_or("must be Base64")?;
    let own = Parsed::read(&der)?;
    Ok(Certificate {
        fingerprint: own.fingerprint,
        practitioner: practitioner.to_owned(),
        serial: own.serial,
        issuer: own.issuer_text,
        algorithm: own.algorithm.to_owned(),
        signing_key: own.key,
        not_before: own.not_before,
        not_after: own.not_after,
        revocation: None,
        standing: Standing::default(),
    })
}

/// Reads an authority that comes with a certificate.
///
/// # Errors
/// What is wrong with it, in words for the field.
pub fn authority(text: &str) -> Result<(), &'static str> {
    let der = decode(text).ok_or("must be Base64")?;
    Parsed::read(&der).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    // made with OpenSSL 3, self-signed, CN = "Test CA"; SM2 with -sigopt distid:1234567812345678
    const SM2_CERTIFICATE: &str = include_str!("tests/certificates/sm2.b64");
    const P256_CERTIFICATE: &str = include_str!("tests/certificates/p256.b64");
    const ED25519_CERTIFICATE: &str = include_str!("tests/certificates/ed25519.b64");
    const RSA_CERTIFICATE: &str = include_str!("tests/certificates/rsa.b64");

    #[test]
    fn three_kinds_of_key_are_read() {
        for (text, algorithm) in
            [(SM2_CERTIFICATE, "sm2"), (P256_CERTIFICATE, "p256"), (ED25519_CERTIFICATE, "ed25519")]
        {
            let own = read(text, "D130302000001").unwrap();
            assert_eq!((own.algorithm.as_str(), own.fingerprint.len()), (algorithm, 64));
            assert!(own.not_before < own.not_after && own.issuer.contains("Test CA"));
            assert_eq!(own.signing_key.contains(':'), algorithm != "sm2");
        }
    }

    /// Somebody else's tool signed them, so our reading of bodies, algorithms and the SM2 user id agrees with it.
    #[test]
    fn what_openssl_signed_is_signed() {
        for text in [SM2_CERTIFICATE, P256_CERTIFICATE, ED25519_CERTIFICATE] {
            let own = Parsed::read(&decode(text).unwrap()).unwrap();
            assert!(own.signed.by(&own.key), "{}", own.algorithm);
        }
    }

    #[test]
    fn others_are_refused_in_words() {
        assert_eq!(read("*", "D1").err(), Some("must be Base64"));
        assert_eq!(read("AAAA", "D1").err(), Some("must be an X.509 certificate in DER"));
        let refused = read(RSA_CERTIFICATE, "D1").err().unwrap();
        assert!(refused.contains("SM2, P-256 or Ed25519"), "{refused}");
    }
}
