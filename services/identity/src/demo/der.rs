//! Writes the few shapes of DER that certificates and lists are made of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use liufang_kernel::Timestamp;

/// Object identifiers as their content octets.
pub type Oid = &'static [u8];
pub const EC: Oid = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
pub const OID_P256: Oid = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
pub const OID_SM2: Oid = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d];
pub const OID_SM2_SM3: Oid = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75];
pub const OID_ECDSA_SHA256: Oid = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
pub const OID_ED25519: Oid = &[0x2b, 0x65, 0x70];
const COMMON_NAME: Oid = &[0x55, 0x04, 0x03];
const KEY_USAGE: Oid = &[0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: Oid = &[0x55, 0x1d, 0x13];
const CRL_NUMBER: Oid = &[0x55, 0x1d, 0x14];
const CRL_REASON: Oid = &[0x55, 0x1d, 0x15];

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
    match content.len() {
        0..0x80 => out.push(digits.first().copied().unwrap_or_default()),
        _ => {
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            out.extend(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// An explicit tag of the context.
pub fn tagged(number: u8, inside: &[u8]) -> Vec<u8> {
    element(0xa0 | number, inside)
}

pub fn oid(content: Oid) -> Vec<u8> {
    element(0x06, content)
}

pub fn integer(value: u64) -> Vec<u8> {
    unsigned(&value.to_be_bytes())
}

/// A number of any length, big endian.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let bare: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let sign = bare.first().is_none_or(|first| 0x7f < *first);
    let content = if sign { [vec![0], bare].concat() } else { bare };
    element(0x02, &content)
}

pub fn bits(content: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], content].concat())
}

/// A name of one part, its common name.
pub fn name(text: &str) -> Vec<u8> {
    let pair = sequence(&[oid(COMMON_NAME), element(0x0c, text.as_bytes())]);
    sequence(&[element(0x31, &pair)])
}

/// UTCTime until 2049, GeneralizedTime after it (RFC 5280 §4.1.2.5).
pub fn time(at: Timestamp) -> Vec<u8> {
    let at =
        time::OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let (year, month) = (at.year(), u8::from(at.month()));
    let rest = format!("{month:02}{:02}{:02}{:02}{:02}Z", at.day(), at.hour(), at.minute(), at.second());
    match year {
        ..2050 => element(0x17, format!("{:02}{rest}", year % 100).as_bytes()),
        _ => element(0x18, format!("{year}{rest}").as_bytes()),
    }
}

/// SubjectPublicKeyInfo.
pub fn info(algorithm: Oid, curve: Option<Oid>, key: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = [Some(algorithm), curve].into_iter().flatten().map(oid).collect();
    sequence(&[sequence(&parts), bits(key)])
}

fn extension(id: Oid, critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { element(0x01, &[0xff]) } else { Vec::new() };
    sequence(&[oid(id), flag, element(0x04, value)])
}

pub fn key_usage(bits: u16) -> Vec<u8> {
    let [first, second] = bits.to_be_bytes();
    // DER has no trailing zero bits in a list of names
    let content = if second == 0 { vec![first] } else { vec![first, second] };
    let unused = u8::try_from(content.last().map_or(0, |last| last.trailing_zeros())).unwrap_or_default();
    extension(KEY_USAGE, true, &element(0x03, &[vec![unused], content].concat()))
}

pub fn basic_constraints(below: u8) -> Vec<u8> {
    extension(BASIC_CONSTRAINTS, true, &sequence(&[element(0x01, &[0xff]), integer(u64::from(below))]))
}

pub fn crl_number(number: u64) -> Vec<u8> {
    extension(CRL_NUMBER, false, &integer(number))
}

/// A row of a revocation list.
pub fn revoked(serial: u64, at: Timestamp, reason: u8) -> Vec<u8> {
    let reason = extension(CRL_REASON, false, &element(0x0a, &[reason]));
    sequence(&[integer(serial), time(at), sequence(&[reason])])
}

pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
