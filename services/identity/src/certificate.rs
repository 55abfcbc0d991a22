//! Reads X.509 certificates (RFC 5280) with the keys practitioners sign with: SM2 (GM/T 0009), P-256, Ed25519 (RFC 8410).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_kernel::Timestamp;
use liufang_platform::hash::sha256_hex;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Time;

use crate::credential::key_of;
use crate::domain::certificate::Certificate;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Characters of a name or serial that are kept.
const LONGEST: usize = 300;

/// Reads a certificate in DER, Base64, for a practitioner. The signature of the authority is the registrar's to check: only
/// the agency and the operator register.
///
/// # Errors
/// What is wrong with it, in words for the field.
pub fn read(text: &str, practitioner: &str) -> Result<Certificate, &'static str> {
    let der = STANDARD.decode(text.trim()).map_err(|_| "must be Base64")?;
    let parsed = x509_cert::Certificate::from_der(&der).map_err(|_| "must be an X.509 certificate in DER")?;
    let own = parsed.tbs_certificate();
    let (algorithm, signing_key) = key(own.subject_public_key_info())
        .ok_or("must have an SM2, P-256 or Ed25519 key that is a point of its curve")?;
    let (not_before, not_after) = (moment(own.validity().not_before), moment(own.validity().not_after));
    if not_after <= not_before {
        return Err("must end after it begins");
    }
    Ok(Certificate {
        fingerprint: sha256_hex(&der),
        practitioner: practitioner.to_owned(),
        serial: hex(own.serial_number().as_bytes()).chars().take(LONGEST).collect(),
        issuer: own.issuer().to_string().chars().take(LONGEST).collect(),
        algorithm: algorithm.to_owned(),
        signing_key,
        not_before,
        not_after,
        revocation: None,
    })
}

fn key(info: &SubjectPublicKeyInfoOwned) -> Option<(&'static str, String)> {
    let bytes = info.subject_public_key.as_bytes()?;
    let curve = || ObjectIdentifier::from_der(&info.algorithm.parameters.as_ref()?.to_der().ok()?).ok();
    let algorithm = match info.algorithm.oid {
        ED25519 => "ed25519",
        EC_PUBLIC_KEY if curve() == Some(SM2) => "sm2",
        EC_PUBLIC_KEY if curve() == Some(P256) => "p256",
        _ => return None,
    };
    let text = STANDARD.encode(bytes);
    let text = if algorithm == "sm2" { text } else { format!("{algorithm}:{text}") };
    key_of(&text).map(|_| (algorithm, text))
}

fn moment(time: Time) -> Timestamp {
    let micros = time.to_unix_duration().as_micros();
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // made with OpenSSL 3, self-signed, CN = "Test CA"
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

    #[test]
    fn others_are_refused_in_words() {
        assert_eq!(read("*", "D1").err(), Some("must be Base64"));
        assert_eq!(read("AAAA", "D1").err(), Some("must be an X.509 certificate in DER"));
        let refused = read(RSA_CERTIFICATE, "D1").err().unwrap();
        assert!(refused.contains("SM2, P-256 or Ed25519"), "{refused}");
    }
}
