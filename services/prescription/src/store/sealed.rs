//! Personal text in columns: sealed on the way in, opened on the way out, empty stays empty.

use liufang_platform::Cipher;

use super::StoreError;

/// Column contexts. Changing one makes its column unreadable.
pub const CONDITION: &str = "prescription.visit.condition";
pub const RECORD: &str = "prescription.visit.record";
pub const FINDINGS: &str = "prescription.rx.findings";
pub const HOSPITAL_OPINION: &str = "prescription.rx.hospital_opinion";
pub const REVIEW_OPINION: &str = "prescription.rx.review_opinion";
pub const END_REASON: &str = "prescription.rx.end_reason";
pub const DOCUMENT: &str = "prescription.rx.document";
pub const TOKEN: &str = "prescription.rx.token";
pub const NOTICE: &str = "prescription.notice.content";
pub const NOTICE_WORDS: &str = "prescription.notice.words";

/// Contexts of keyed hashes.
pub const TOKEN_HASH: &str = "prescription.rx.token_hash";
pub const COUNTER_HASH: &str = "prescription.counter.token_hash";
pub const SECRET_HASH: &str = "prescription.rx.secret_hash";

pub fn seal(cipher: &Cipher, context: &str, plain: &str) -> String {
    if plain.is_empty() { String::new() } else { cipher.seal(context, plain) }
}

pub fn open(cipher: &Cipher, context: &'static str, sealed: &str) -> Result<String, StoreError> {
    if sealed.is_empty() {
        return Ok(String::new());
    }
    cipher.open(context, sealed).map_err(|_| StoreError::Corrupt(context))
}
