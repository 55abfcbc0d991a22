//! Digests and comparisons from one audited library.

use aws_lc_rs::{constant_time, digest, hmac};

/// SHA-256 as lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// SHA-1 as lower-case hex, where an outside party's format names it: shows that a file came whole, and nothing else.
pub fn sha1_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

/// HMAC-SHA256 as lower-case hex.
pub fn hmac_sha256_hex(key: &[u8], bytes: &[u8]) -> String {
    hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes))
}

/// Compares secrets without telling by time where they differ.
pub fn same_secret(a: &str, b: &str) -> bool {
    constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}
