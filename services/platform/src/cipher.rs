//! Personal data at rest: sealed columns (AES-256-GCM) and keyed blind indexes (HMAC-SHA256).
//!
//! The context (`table.column`) is bound to the ciphertext, so a value cannot be moved to another column.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::ids::random;

/// Seals and opens personal data; cheap to clone.
#[derive(Clone)]
pub struct Cipher(Arc<Keys>);

struct Keys {
    data: LessSafeKey,
    blind: hmac::Key,
}

/// The text could not be opened: another key, another column, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed data cannot be opened")]
pub struct CipherError;

/// Version of the present key, written before every sealed text so a later rotation can tell.
const VERSION: &str = "1.";

impl Cipher {
    /// Keys are derived from one secret of at least 32 characters.
    pub fn new(secret: &str) -> Cipher {
        let derive =
            |label: &str| digest::digest(&digest::SHA256, format!("liufang {label} {secret}").as_bytes());
        let data = UnboundKey::new(&AES_256_GCM, derive("data").as_ref())
            .expect("a SHA-256 digest is a 256-bit key");
        let blind = hmac::Key::new(hmac::HMAC_SHA256, derive("blind").as_ref());
        Cipher(Arc::new(Keys { data: LessSafeKey::new(data), blind }))
    }

    /// Seals `plain` for `context`.
    pub fn seal(&self, context: &str, plain: &str) -> String {
        let nonce = random::<12>();
        let mut buffer = plain.as_bytes().to_vec();
        self.0
            .data
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut buffer,
            )
            .expect("a column value is far below the limit of the cipher");
        let mut out = nonce.to_vec();
        out.extend(buffer);
        format!("{VERSION}{}", STANDARD_NO_PAD.encode(out))
    }

    /// Opens what [`Cipher::seal`] made for the same `context`.
    pub fn open(&self, context: &str, sealed: &str) -> Result<String, CipherError> {
        let text = sealed.strip_prefix(VERSION).ok_or(CipherError)?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| CipherError)?;
        let (nonce, body) = bytes.split_at_checked(12).ok_or(CipherError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CipherError)?;
        let mut body = body.to_vec();
        let plain = self
            .0
            .data
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut body)
            .map_err(|_| CipherError)?;
        String::from_utf8(plain.to_vec()).map_err(|_| CipherError)
    }

    /// A keyed index of `plain`: equal text, equal index; nothing can be read from it.
    pub fn blind(&self, context: &str, plain: &str) -> String {
        let mut hmac = hmac::Context::with_key(&self.0.blind);
        hmac.update(context.as_bytes());
        hmac.update(&[0]);
        hmac.update(plain.as_bytes());
        hex::encode(hmac.sign())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_for_its_key_and_column() {
        let cipher = Cipher::new("a secret for tests only, long enough");
        let sealed = cipher.seal("person.name", "测试甲");
        assert_eq!(cipher.open("person.name", &sealed).as_deref(), Ok("测试甲"));
        assert_ne!(
            sealed,
            cipher.seal("person.name", "测试甲"),
            "the same text never seals to the same bytes"
        );
        assert_eq!(cipher.open("person.phone", &sealed), Err(CipherError));
        assert_eq!(Cipher::new("another secret").open("person.name", &sealed), Err(CipherError));
        assert_eq!(cipher.open("person.name", "1.AAAA"), Err(CipherError));
    }

    #[test]
    fn the_blind_index_depends_on_column_and_key() {
        let cipher = Cipher::new("a secret for tests only, long enough");
        assert_eq!(cipher.blind("a", "x"), cipher.blind("a", "x"));
        assert_ne!(cipher.blind("a", "x"), cipher.blind("b", "x"));
        assert_ne!(cipher.blind("a", "x"), Cipher::new("another").blind("a", "x"));
    }
}
