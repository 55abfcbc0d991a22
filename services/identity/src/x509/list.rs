//! Certificate revocation lists (RFC 5280 §5): complete lists that an authority issues for itself. Partial, indirect and delta
//! lists say so in critical extensions and are refused.

use std::collections::BTreeSet;

use liufang_kernel::Timestamp;
use liufang_platform::hash::sha256_hex;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::der::asn1::{GeneralizedTime, ObjectIdentifier};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{CrlNumber, CrlReason};

use super::read::{LONGEST, hex, moment};
use super::signed::Signed;
use crate::domain::authority::Revoked;
use crate::domain::certificate::{Revocation, RevocationReason};

const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const INVALID_SINCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
const NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
/// Rows of one list.
const MOST: usize = 100_000;

/// A list as it was read; nothing of it is believed yet.
#[derive(Clone, Debug)]
pub struct List {
    /// SHA-256 of the DER.
    pub fingerprint: String,
    /// Name in DER.
    pub issuer: Vec<u8>,
    pub issuer_text: String,
    /// CRLNumber in hexadecimal without leading zeros; empty when the list has none.
    pub number: String,
    pub this_update: Timestamp,
    pub next_update: Timestamp,
    pub rows: Vec<Revoked>,
    /// Rows that say something odd, by index; they were left out.
    pub odd: Vec<(i32, &'static str)>,
    pub signed: Signed,
}

impl List {
    /// Reads DER.
    ///
    /// # Errors
    /// What is wrong with it, in words for the field.
    pub fn read(der: &[u8]) -> Result<List, &'static str> {
        const UNREADABLE: &str = "must be a certificate revocation list in DER or PEM";
        let parsed =
            CertificateList::<x509_cert::certificate::Rfc5280>::from_der(der).map_err(|_| UNREADABLE)?;
        let own = &parsed.tbs_cert_list;
        let signed = Signed::of(der, &own.signature, &parsed.signature_algorithm, &parsed.signature);
        let mut number = String::new();
        for extension in own.crl_extensions.iter().flatten() {
            if extension.extn_id == NUMBER {
                let read = CrlNumber::from_der(extension.extn_value.as_bytes()).map_err(|_| UNREADABLE)?;
                number = hex(read.0.as_bytes());
            } else if extension.critical {
                return Err("must be a complete list of its own authority: it has a critical extension");
            }
        }
        let next_update = own.next_update.ok_or("must say when the next list comes (nextUpdate)")?;
        let revoked = own.revoked_certificates.as_deref().unwrap_or_default();
        if MOST < revoked.len() {
            return Err("must have at most 100000 rows");
        }
        let mut list = List {
            fingerprint: sha256_hex(der),
            issuer: own.issuer.to_der().map_err(|_| UNREADABLE)?,
            issuer_text: own.issuer.to_string().chars().take(LONGEST).collect(),
            number,
            this_update: moment(own.this_update),
            next_update: moment(next_update),
            rows: Vec::with_capacity(revoked.len()),
            odd: Vec::new(),
            signed: signed.ok_or("must name one algorithm of signature, inside and outside")?,
        };
        if list.next_update <= list.this_update {
            return Err("must end after it begins");
        }
        let mut seen = BTreeSet::new();
        for (entry, index) in revoked.iter().zip(0_i32..) {
            let row = row(entry)?;
            match row {
                None => list.odd.push((index, "removeFromCRL stands in delta lists alone")),
                Some(row) if !seen.insert(row.serial.clone()) => {
                    list.odd.push((index, "the serial stands there twice"))
                }
                Some(row) => list.rows.push(row),
            }
        }
        Ok(list)
    }
}

/// A row; `None` for one that takes a revocation back.
fn row(entry: &RevokedCert) -> Result<Option<Revoked>, &'static str> {
    let mut at = moment(entry.revocation_date);
    let mut reason = CrlReason::Unspecified;
    for extension in entry.crl_entry_extensions.iter().flatten() {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            REASON => reason = CrlReason::from_der(value).map_err(|_| "has a reason that nobody knows")?,
            INVALID_SINCE => {
                let since =
                    GeneralizedTime::from_der(value).map_err(|_| "has an invalidityDate that is none")?;
                at = at.min(moment(since.into()));
            }
            // certificateIssuer: the row may be another authority's
            _ if extension.critical => {
                return Err("must be a complete list of its own authority: a row has a critical extension");
            }
            _ => {}
        }
    }
    let kind = match reason {
        CrlReason::RemoveFromCRL => return Ok(None),
        CrlReason::KeyCompromise | CrlReason::CaCompromise | CrlReason::AaCompromise => {
            RevocationReason::KeyCompromise
        }
        CrlReason::Superseded => RevocationReason::Superseded,
        _ => RevocationReason::Cessation,
    };
    Ok(Some(Revoked {
        serial: hex(entry.serial_number.as_bytes()).chars().take(LONGEST).collect(),
        revocation: Revocation { at, reason: kind },
        hold: reason == CrlReason::CertificateHold,
    }))
}
