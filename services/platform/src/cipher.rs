//! Personal data at rest: sealed columns (AES-256-GCM) and keyed blind indexes (HMAC-SHA256).
//!
//! The context (`table.column`) is bound to the ciphertext, so a value cannot be moved to another column. Every sealed text
//! begins with the version of its key, `2.…`, so that the key can be changed under it; the key of the indexes is another one
//! and stays, since an index that is made anew finds nothing until every row has been made anew.
//!
//! A long text is packed (LZ4) before it is sealed: a sealed one cannot be packed by the database any more. Its length says a
//! little of how often it repeats itself, and nobody outside chooses a part of it while watching the length of the row.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::ids::random;

/// Before a packed text; nothing that is sealed as it is begins with it.
const PACKED: u8 = 1;
/// Shorter texts are not worth it.
const PACK_FROM: usize = 512;

/// Number of a data key, from 1.
pub type KeyVersion = u32;

/// The secrets that keys are derived from, each of at least 32 characters.
#[derive(Clone)]
pub struct DataKeys {
    /// Seals; one of `secrets`.
    pub present: KeyVersion,
    /// Open what they sealed.
    pub secrets: BTreeMap<KeyVersion, String>,
    /// Keys the indexes.
    pub blind: String,
    /// Long texts are packed before they are sealed. Whoever opens needs no setting.
    pub pack: bool,
}

/// Seals and opens personal data; cheap to clone.
#[derive(Clone)]
pub struct Cipher(Arc<Keys>);

struct Keys {
    present: KeyVersion,
    data: BTreeMap<KeyVersion, LessSafeKey>,
    blind: hmac::Key,
    pack: bool,
}

/// Why a text cannot be opened. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// Another secret under this version, another column, or changed.
    #[error("sealed data cannot be opened")]
    Unreadable,
    #[error("sealed data needs data key version {0}, which is not configured")]
    UnknownKey(KeyVersion),
}

/// The version of the key that sealed a text; none when it is not a sealed text.
pub fn version_of(sealed: &str) -> Option<KeyVersion> {
    let (version, _) = sealed.split_once('.')?;
    let plain = !version.starts_with('0') && version.bytes().all(|byte| byte.is_ascii_digit());
    version.parse().ok().filter(|_| plain)
}

impl Cipher {
    /// One secret for everything, as version 1.
    pub fn new(secret: &str) -> Cipher {
        let secrets = BTreeMap::from([(1, secret.to_owned())]);
        Cipher::with_keys(&DataKeys { present: 1, secrets, blind: secret.to_owned(), pack: true })
    }

    /// Seals with the present key, opens with whichever a text names.
    pub fn with_keys(keys: &DataKeys) -> Cipher {
        let data = keys.secrets.iter().map(|(version, secret)| (*version, data_key(secret))).collect();
        let blind = hmac::Key::new(hmac::HMAC_SHA256, derived("blind", &keys.blind).as_ref());
        Cipher(Arc::new(Keys { present: keys.present, data, blind, pack: keys.pack }))
    }

    /// The version that seals.
    pub fn present(&self) -> KeyVersion {
        self.0.present
    }

    /// Whether texts of a version can be opened.
    pub fn knows(&self, version: KeyVersion) -> bool {
        self.0.data.contains_key(&version)
    }

    /// Seals `plain` for `context` with the present key.
    pub fn seal(&self, context: &str, plain: &str) -> String {
        self.seal_as(self.0.present, context, plain).expect("the present key is one of the keys")
    }

    /// Seals with another key than the present, for what proves that it is the same key later.
    pub(crate) fn seal_as(&self, version: KeyVersion, context: &str, plain: &str) -> Option<String> {
        let key = self.0.data.get(&version)?;
        let nonce = random::<12>();
        let mut buffer = self.packed(plain);
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context.as_bytes()),
            &mut buffer,
        )
        .expect("a column value is far below the limit of the cipher");
        let mut out = nonce.to_vec();
        out.extend(buffer);
        Some(format!("{version}.{}", STANDARD_NO_PAD.encode(out)))
    }

    /// Opens what [`Cipher::seal`] made for the same `context`, under any version that is configured.
    pub fn open(&self, context: &str, sealed: &str) -> Result<String, CipherError> {
        let version = version_of(sealed).ok_or(CipherError::Unreadable)?;
        let key = self.0.data.get(&version).ok_or(CipherError::UnknownKey(version))?;
        let text = sealed.split_once('.').map_or("", |(_, text)| text);
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| CipherError::Unreadable)?;
        let (nonce, body) = bytes.split_at_checked(12).ok_or(CipherError::Unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CipherError::Unreadable)?;
        let mut body = body.to_vec();
        let plain = key
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut body)
            .map_err(|_| CipherError::Unreadable)?;
        match plain.split_first() {
            Some((&PACKED, packed)) => unpacked(packed),
            _ => String::from_utf8(plain.to_vec()).map_err(|_| CipherError::Unreadable),
        }
    }

    /// What is sealed for a text.
    fn packed(&self, plain: &str) -> Vec<u8> {
        let plain = plain.as_bytes();
        let marked = plain.first() == Some(&PACKED);
        if !marked && (!self.0.pack || plain.len() < PACK_FROM) {
            return plain.to_vec();
        }
        let packed = lz4_flex::compress_prepend_size(plain);
        if !marked && plain.len() <= packed.len() {
            return plain.to_vec();
        }
        [&[PACKED], packed.as_slice()].concat()
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

/// The seal vouches for the length that the packing names.
fn unpacked(packed: &[u8]) -> Result<String, CipherError> {
    let plain = lz4_flex::decompress_size_prepended(packed).map_err(|_| CipherError::Unreadable)?;
    String::from_utf8(plain).map_err(|_| CipherError::Unreadable)
}

fn derived(label: &str, secret: &str) -> digest::Digest {
    digest::digest(&digest::SHA256, format!("liufang {label} {secret}").as_bytes())
}

fn data_key(secret: &str) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, derived("data", secret).as_ref());
    LessSafeKey::new(key.expect("a SHA-256 digest is a 256-bit key"))
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
        assert_eq!(cipher.open("person.phone", &sealed), Err(CipherError::Unreadable));
        let other = Cipher::new("another secret");
        assert_eq!(other.open("person.name", &sealed), Err(CipherError::Unreadable));
        for not in ["1.AAAA", "", "1", ".", "01.AAAA", "-1.AAAA", "+1.AAAA", "x.AAAA", "99999999999.AAAA"] {
            assert_eq!(cipher.open("person.name", not), Err(CipherError::Unreadable), "{not}");
        }
    }

    fn ring(present: KeyVersion, versions: &[KeyVersion]) -> Cipher {
        let secret = |version: &KeyVersion| (*version, format!("secret number {version}"));
        let secrets = versions.iter().map(secret).collect();
        let blind = "the key of the indexes".to_owned();
        Cipher::with_keys(&DataKeys { present, secrets, blind, pack: true })
    }

    #[test]
    fn long_texts_are_packed_and_come_back() {
        let packs = ring(1, &[1]);
        let secrets = BTreeMap::from([(1, "secret number 1".to_owned())]);
        let keys = DataKeys { present: 1, secrets, blind: String::new(), pack: false };
        let plainly = Cipher::with_keys(&keys);
        let long = "{\"med_list_codg\":\"XC08\"}".repeat(400);
        let (packed, plain) = (packs.seal("a", &long), plainly.seal("a", &long));
        assert!(packed.len() * 10 < plain.len(), "{} of {}", packed.len(), plain.len());
        for sealed in [&packed, &plain] {
            assert_eq!(packs.open("a", sealed).as_deref(), Ok(long.as_str()));
            assert_eq!(plainly.open("a", sealed).as_deref(), Ok(long.as_str()));
        }
        // what cannot be packed, and what looks as if it were
        let odd: String =
            (0..PACK_FROM * 2).map(|n| char::from(b' ' + u8::try_from(n * n % 89).unwrap())).collect();
        for text in ["", "\u{1}", "\u{1}as if it were packed", &odd] {
            for cipher in [&packs, &plainly] {
                assert_eq!(packs.open("a", &cipher.seal("a", text)).as_deref(), Ok(text));
            }
        }
    }

    #[test]
    fn a_broken_packing_is_refused() {
        let wrong = [vec![], vec![1, 0, 0], vec![4, 0, 0, 0, 0xf0], vec![1, 0, 0, 0, 0x10, 255]];
        for packed in wrong {
            assert_eq!(unpacked(&packed), Err(CipherError::Unreadable), "{packed:?}");
        }
    }

    #[test]
    fn a_text_is_opened_with_the_key_it_names() {
        let (before, both, after) = (ring(1, &[1]), ring(2, &[1, 2]), ring(2, &[2]));
        let (old, new) = (before.seal("a", "x"), both.seal("a", "x"));
        assert_eq!((version_of(&old), version_of(&new)), (Some(1), Some(2)));
        assert_eq!((both.open("a", &old).as_deref(), both.open("a", &new).as_deref()), (Ok("x"), Ok("x")));
        assert_eq!(after.open("a", &new).as_deref(), Ok("x"));
        assert_eq!(after.open("a", &old), Err(CipherError::UnknownKey(1)));
        let said = CipherError::UnknownKey(1).to_string();
        assert_eq!(said, "sealed data needs data key version 1, which is not configured");
        let renumbered = format!("2{}", old.strip_prefix('1').unwrap());
        assert_eq!(both.open("a", &renumbered), Err(CipherError::Unreadable));
    }

    #[test]
    fn an_index_outlives_the_data_keys() {
        assert_eq!(ring(1, &[1]).blind("a", "x"), ring(3, &[3]).blind("a", "x"));
        // an installation with one secret finds its rows again after version 1 went
        let one = Cipher::new("the key of the indexes");
        assert_eq!(one.blind("a", "x"), ring(3, &[3]).blind("a", "x"));
    }

    #[test]
    fn the_blind_index_depends_on_column_and_key() {
        let cipher = Cipher::new("a secret for tests only, long enough");
        assert_eq!(cipher.blind("a", "x"), cipher.blind("a", "x"));
        assert_ne!(cipher.blind("a", "x"), cipher.blind("b", "x"));
        assert_ne!(cipher.blind("a", "x"), Cipher::new("another").blind("a", "x"));
    }
}
