//! Personal text in columns: sealed on the way in, opened on the way out, empty stays empty.

use liufang_platform::{Cipher, SealedTable};

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

/// Every sealed column of this service.
pub const SEALED: &[SealedTable] = &[
    SealedTable {
        table: "visit",
        key: "visit_id",
        columns: &[("condition_sealed", CONDITION), ("record_sealed", RECORD)],
    },
    SealedTable {
        table: "prescription",
        key: "hi_rxno",
        columns: &[
            ("findings_sealed", FINDINGS),
            ("token_sealed", TOKEN),
            ("hospital_opinion_sealed", HOSPITAL_OPINION),
            ("review_opinion_sealed", REVIEW_OPINION),
            ("end_reason_sealed", END_REASON),
            ("document_sealed", DOCUMENT),
        ],
    },
    SealedTable {
        table: "notice",
        key: "notice_id",
        columns: &[("content_sealed", NOTICE), ("words_sealed", NOTICE_WORDS)],
    },
];

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
    cipher.open(context, sealed).map_err(|error| StoreError::Sealed(context, error))
}
