//! Proof of a role between processes that share a mesh key. Production uses mutual TLS in front of it; the proof is bound to
//! a role and to a short time.

use std::sync::Arc;

use crate::auth::AuthFault;
use crate::clock::{Clock as _, SystemClock};
use crate::hash;

/// The secret all roles of one mesh share; cheap to clone.
#[derive(Clone)]
pub struct MeshKey(Arc<str>);

/// How long a proof is good for, in seconds, either way: machines' clocks differ a little.
const SECONDS: i64 = 60;

impl MeshKey {
    pub const HEADER: &'static str = "x-liufang-service";

    pub fn new(secret: &str) -> MeshKey {
        MeshKey(Arc::from(secret))
    }

    /// A proof that the bearer is `role`.
    pub fn prove(&self, role: &str) -> String {
        // real time, not the services' clock: both ends must agree even when a test turns one of them
        let at = SystemClock.now().seconds();
        format!("{role};{at};{}", self.mac(role, at))
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
        if !hash::same_secret(mac, &self.mac(role, at)) {
            return Err(AuthFault::Invalid);
        }
        let age = SystemClock.now().seconds().abs_diff(at);
        if age > SECONDS.unsigned_abs() { Err(AuthFault::Expired) } else { Ok(role.to_owned()) }
    }

    fn mac(&self, role: &str, at: i64) -> String {
        hash::hmac_sha256_hex(self.0.as_bytes(), format!("liufang-mesh\n{role}\n{at}").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_bound_to_role_and_key() {
        let key = MeshKey::new("one");
        let proof = key.prove("order");
        assert_eq!(key.verify(&proof).as_deref(), Ok("order"));
        assert_eq!(key.verify(&proof.replacen("order", "settlement", 1)), Err(AuthFault::Invalid));
        assert_eq!(MeshKey::new("two").verify(&proof), Err(AuthFault::Invalid));
        assert_eq!(key.verify("order"), Err(AuthFault::Invalid));
    }
}
