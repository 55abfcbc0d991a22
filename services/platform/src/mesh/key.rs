//! Proof of a role between processes that share a mesh key, for development. Inside mutual TLS the certificate is the proof
//! and this one is neither given nor accepted. Bound to a role and to a short time.

use std::sync::Arc;

use crate::auth::AuthFault;
use crate::clock::{Clock as _, SystemClock};
use crate::hash;

/// The secret all roles of one mesh share, or none; cheap to clone.
#[derive(Clone)]
pub struct MeshKey(Option<Arc<str>>);

/// How long a proof is good for, in seconds, either way: machines' clocks differ a little.
const SECONDS: i64 = 60;

impl MeshKey {
    pub const HEADER: &'static str = "x-liufang-service";

    /// An empty secret is none: it proves nothing, and no proof is accepted.
    pub fn new(secret: &str) -> MeshKey {
        MeshKey(Some(secret).filter(|secret| !secret.is_empty()).map(Arc::from))
    }

    /// A proof that the bearer is `role`.
    pub fn prove(&self, role: &str) -> Option<String> {
        // real time, not the services' clock: both ends must agree even when a test turns one of them
        let at = SystemClock.now().seconds();
        self.mac(role, at).map(|mac| format!("{role};{at};{mac}"))
    }

    /// The role a proof is for.
    pub fn verify(&self, proof: &str) -> Result<String, AuthFault> {
        let mut parts = proof.split(';');
        let (Some(role), Some(at), Some(mac), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(AuthFault::Invalid);
        };
        let at: i64 = at.parse().map_err(|_| AuthFault::Invalid)?;
        let own = self.mac(role, at).ok_or(AuthFault::Invalid)?;
        if !hash::same_secret(mac, &own) {
            return Err(AuthFault::Invalid);
        }
        let age = SystemClock.now().seconds().abs_diff(at);
        if age > SECONDS.unsigned_abs() { Err(AuthFault::Expired) } else { Ok(role.to_owned()) }
    }

    fn mac(&self, role: &str, at: i64) -> Option<String> {
        let secret = self.0.as_ref()?;
        Some(hash::hmac_sha256_hex(secret.as_bytes(), format!("liufang-mesh\n{role}\n{at}").as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_bound_to_role_and_key() {
        let key = MeshKey::new("one");
        let proof = key.prove("order").unwrap();
        assert_eq!(key.verify(&proof).as_deref(), Ok("order"));
        assert_eq!(key.verify(&proof.replacen("order", "settlement", 1)), Err(AuthFault::Invalid));
        assert_eq!(MeshKey::new("two").verify(&proof), Err(AuthFault::Invalid));
        assert_eq!(key.verify("order"), Err(AuthFault::Invalid));
        assert_eq!(MeshKey::new("").prove("order"), None);
        assert_eq!(MeshKey::new("").verify(&proof), Err(AuthFault::Invalid), "no key, no proof");
    }
}
