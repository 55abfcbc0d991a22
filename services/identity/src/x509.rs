//! X.509 (RFC 5280) with the keys of the trade: SM2 (GM/T 0009), P-256, Ed25519 (RFC 8410). What a certificate says, and
//! whose signature stands under it; who is trusted is `x509/path.rs`, what has been taken back `x509/list.rs`.

pub mod authorities;
pub mod list;
pub mod path;
mod read;
mod signed;

pub use authorities::Authorities;
pub use read::Parsed;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The DER inside `text`: Base64, with or without the lines of PEM around it.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let bare: String =
        text.lines().filter(|line| !line.starts_with("-----")).flat_map(str::split_whitespace).collect();
    STANDARD.decode(bare).ok()
}

/// Every certificate of a PEM file.
pub fn pem_certificates(text: &str) -> Option<Vec<Vec<u8>>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let blocks = text.split(BEGIN).skip(1);
    blocks.map(|block| block.split_once(END).and_then(|(inside, _)| decode(inside))).collect()
}
