//! Keys of the invented practitioners and machines.
//!
//! **For development only.** Each secret is a digest of a public name, so anybody can compute it: the demo, the tests
//! and a developer's own scripts sign as any seed practitioner without a key file. A real installation registers keys
//! that were made where they are used.

use liufang_platform::auth::SigningKey;
use liufang_platform::auth::keys::KeyError;
use sm3::{Digest as _, Sm3};

use crate::client::{MachineKey, Practitioner, PractitionerKeyError};

/// PKCS#8 head of an Ed25519 secret key (RFC 8410 §7).
const PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A seed practitioner with the development key of their code.
pub fn practitioner(code: &str) -> Result<Practitioner, PractitionerKeyError> {
    Practitioner::new(code, &secret("sm2", code))
}

/// A seed machine client with the development key of its id.
pub fn machine_key(client_id: &str) -> Result<MachineKey, KeyError> {
    let der = [PKCS8_HEAD.as_slice(), secret("ed25519", client_id).as_slice()].concat();
    Ok(MachineKey::new(client_id, SigningKey::from_pkcs8(&der)?))
}

fn secret(algorithm: &str, name: &str) -> [u8; 32] {
    let text = format!("liufang development key\n{algorithm}\n{name}");
    Sm3::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::super::Seed;
    use super::*;

    #[test]
    fn every_seed_practitioner_has_a_key_of_their_own() {
        let seed = Seed::read().unwrap();
        let mut keys: Vec<_> =
            seed.practitioners.iter().map(|row| practitioner(&row.code).unwrap().public_key()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), seed.practitioners.len());
    }

    #[test]
    fn machine_keys_are_stable_and_differ() {
        let key = |id: &str| machine_key(id).unwrap().public_key();
        assert_eq!(key("his-1"), key("his-1"));
        assert_ne!(key("his-1"), key("his-2"));
    }
}
