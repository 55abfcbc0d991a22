//! Machine identities: a client id, an Ed25519 key, and signed assertions (RFC 7523) instead of a password.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use liufang_kernel::Timestamp;
use liufang_platform::auth::SigningKey;
use liufang_proto::common::v1::Caller;
use liufang_proto::identity::v1::RegisterClientRequest;
use serde_json::json;
use uuid::Uuid;

use super::{Gateway, Session};

/// An assertion lives this long; the server allows five minutes.
const ASSERTION_SECONDS: i64 = 120;

/// A client id with its private key; cheap to clone.
#[derive(Clone)]
pub struct MachineKey {
    client_id: String,
    key: Arc<SigningKey>,
}

impl MachineKey {
    pub fn new(client_id: &str, key: SigningKey) -> MachineKey {
        MachineKey { client_id: client_id.to_owned(), key: Arc::new(key) }
    }

    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The public key as registration takes it: Base64 of 32 bytes.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.key.public())
    }

    /// What an operator registers for this client.
    pub fn registration(&self, kind: Caller, subject: &str, region: &str) -> RegisterClientRequest {
        RegisterClientRequest {
            client_id: self.client_id.clone(),
            kind: kind.into(),
            subject: subject.to_owned(),
            public_key: self.public_key(),
            region: region.to_owned(),
        }
    }

    /// A fresh client assertion, good once.
    pub fn assertion(&self, now: Timestamp) -> String {
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": "liufang",
            "iat": now.seconds(), "exp": now.seconds() + ASSERTION_SECONDS,
            "jti": Uuid::new_v4().to_string(),
        });
        let header = json!({ "alg": "EdDSA", "typ": "JWT" });
        let text = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", text(header), text(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// Any machine client: a session that signs in with its key and renews its token.
#[derive(Clone)]
pub struct Machine {
    session: Session,
    key: MachineKey,
}

impl Machine {
    pub fn new(gateway: &Gateway, key: MachineKey) -> Machine {
        Machine { session: Session::machine(gateway, key.clone()), key }
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn client_id(&self) -> &str {
        self.key.client_id()
    }
}

#[cfg(test)]
mod tests {
    use liufang_platform::Tokens;

    use super::*;

    #[test]
    fn an_assertion_verifies_with_the_registered_key() {
        let key = MachineKey::new("his-1", SigningKey::generate().unwrap());
        let public = STANDARD.decode(key.public_key()).unwrap();
        let now = Timestamp(1_700_000_000_000_000);
        let claims: serde_json::Value = Tokens::verify_assertion(&key.assertion(now), &public).unwrap();
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"]),
            (&json!("his-1"), &json!("his-1"), &json!("liufang"))
        );
        assert_eq!(claims["exp"], json!(now.seconds() + 120));
        assert_ne!(key.assertion(now), key.assertion(now));
    }
}
