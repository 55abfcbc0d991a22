//! What a certificate says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_kernel::Timestamp;
use liufang_platform::hash::sha256_hex;
use x509_cert::TbsCertificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Time;

use super::signed::Signed;
use crate::credential::key_of;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Extensions that are understood, or may be critical without changing what is checked here (certificatePolicies: no policy is
/// asked for). Any other critical one refuses (RFC 5280 §4.2): name constraints among them.
const UNDERSTOOD: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.32"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
];
/// Purposes under which a person signs: any, e-mail, documents (RFC 9336), client.
const SIGNING: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("2.5.29.37.0"),
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4"),
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36"),
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2"),
];

/// Characters of a name or serial that are kept.
pub const LONGEST: usize = 300;

/// A certificate as it was read; nothing of it is believed yet.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// SHA-256 of the DER.
    pub fingerprint: String,
    /// Names in DER: authorities copy theirs, so bytes are compared.
    pub subject: Vec<u8>,
    pub issuer: Vec<u8>,
    pub subject_text: String,
    pub issuer_text: String,
    /// Hexadecimal.
    pub serial: String,
    /// sm2, p256 or ed25519.
    pub algorithm: &'static str,
    /// As practitioners' keys are written.
    pub key: String,
    /// Name and key of the subject: of an authority, who issues.
    pub name_and_key: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub signed: Signed,
    pub usage: Usage,
}

/// What the key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub authority: bool,
    /// Authorities that may follow below.
    pub path_length: Option<u8>,
    pub signs_certificates: bool,
    pub signs_lists: bool,
    /// Signatures of a person.
    pub signs: bool,
    /// A critical extension that nobody here understands.
    pub strange: bool,
}

impl Parsed {
    /// Reads DER.
    ///
    /// # Errors
    /// What is wrong with it, in words for the field.
    pub fn read(der: &[u8]) -> Result<Parsed, &'static str> {
        let parsed =
            x509_cert::Certificate::from_der(der).map_err(|_| "must be an X.509 certificate in DER")?;
        let own = parsed.tbs_certificate();
        let (algorithm, key) = key(own.subject_public_key_info())
            .ok_or("must have an SM2, P-256 or Ed25519 key that is a point of its curve")?;
        let (not_before, not_after) = (moment(own.validity().not_before), moment(own.validity().not_after));
        if not_after <= not_before {
            return Err("must end after it begins");
        }
        let signed = Signed::of(der, own.signature(), parsed.signature_algorithm(), parsed.signature());
        let (subject, issuer) = (own.subject().to_der(), own.issuer().to_der());
        let info = own.subject_public_key_info().to_der();
        let (Ok(subject), Ok(issuer), Ok(info)) = (subject, issuer, info) else {
            return Err("must be an X.509 certificate in DER");
        };
        Ok(Parsed {
            fingerprint: sha256_hex(der),
            name_and_key: sha256_hex(&[subject.as_slice(), info.as_slice()].concat()),
            subject,
            issuer,
            subject_text: own.subject().to_string().chars().take(LONGEST).collect(),
            issuer_text: own.issuer().to_string().chars().take(LONGEST).collect(),
            serial: hex(own.serial_number().as_bytes()).chars().take(LONGEST).collect(),
            algorithm,
            key,
            not_before,
            not_after,
            signed: signed.ok_or("must name one algorithm of signature, inside and outside")?,
            usage: usage(own).ok_or("must have extensions that can be read, each once")?,
        })
    }
}

fn usage(own: &TbsCertificate) -> Option<Usage> {
    let constraints = own.get_extension::<BasicConstraints>().ok()?.map(|(_, own)| own);
    let keys = own.get_extension::<KeyUsage>().ok()?.map(|(_, own)| own);
    let purposes = own.get_extension::<ExtendedKeyUsage>().ok()?.map(|(_, own)| own);
    let all = own.extensions().map(Vec::as_slice).unwrap_or_default();
    let authority = constraints.as_ref().is_some_and(|own| own.ca);
    let person = keys.as_ref().is_none_or(|own| own.digital_signature() || own.non_repudiation());
    Some(Usage {
        authority,
        path_length: constraints.and_then(|own| own.path_len_constraint),
        // without the extension a key may be used for anything (RFC 5280 §4.2.1.3)
        signs_certificates: authority && keys.as_ref().is_none_or(KeyUsage::key_cert_sign),
        signs_lists: authority && keys.as_ref().is_none_or(KeyUsage::crl_sign),
        signs: !authority
            && person
            && purposes.is_none_or(|own| own.0.iter().any(|purpose| SIGNING.contains(purpose))),
        strange: all.iter().any(|own| own.critical && !UNDERSTOOD.contains(&own.extn_id)),
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

pub fn moment(time: Time) -> Timestamp {
    let micros = time.to_unix_duration().as_micros();
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
