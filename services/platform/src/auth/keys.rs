//! Ed25519 keys for access tokens: the private one with identity, the public ones with everybody.

use std::io;
use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::hash;

/// An Ed25519 key pair with its key id.
pub struct SigningKey {
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

/// The key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("key file: {0}")]
    Io(#[from] io::Error),
    #[error("key file does not hold an Ed25519 key in PKCS#8, Base64")]
    Format,
}

impl SigningKey {
    /// A fresh key.
    pub fn generate() -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Format)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError::Format)?;
        SigningKey::from_pkcs8(pkcs8.as_ref())
    }

    /// Reads a key from PKCS#8 DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| KeyError::Format)?;
        Ok(SigningKey { pkcs8: der.to_vec(), public: pair.public_key().as_ref().to_vec() })
    }

    /// Reads a Base64 key file; when it is absent and `create` is set, makes one readable by its owner only.
    pub fn load(path: &Path, create: bool) -> Result<SigningKey, KeyError> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let der = STANDARD.decode(text.trim()).map_err(|_| KeyError::Format)?;
                SigningKey::from_pkcs8(&der)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && create => {
                let key = SigningKey::generate()?;
                write_private(path, &STANDARD.encode(&key.pkcs8))?;
                // two processes may have started together: the file decides
                SigningKey::load(path, false)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The raw 32-byte public key.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Key id: the head of the public key's SHA-256.
    pub fn id(&self) -> String {
        key_id(&self.public)
    }

    /// Signs bytes; used by outside clients of the demo and the tests for their assertions.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        Ed25519KeyPair::from_pkcs8(&self.pkcs8)
            .map(|pair| pair.sign(bytes).as_ref().to_vec())
            .unwrap_or_default()
    }
}

/// The key id of a raw public key.
pub fn key_id(public: &[u8]) -> String {
    hash::sha256_hex(public)[..16].to_owned()
}

/// One key of a JWK set (RFC 8037).
pub fn jwk(public: &[u8]) -> serde_json::Value {
    serde_json::json!({
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
        "kid": key_id(public), "x": URL_SAFE_NO_PAD.encode(public),
    })
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // a hard link fails when the file exists already, so the first writer wins
    let linked = std::fs::hard_link(&temporary, path);
    std::fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
