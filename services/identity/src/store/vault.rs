//! Which context seals which column, and which keyed hash stands for which secret.

use liufang_kernel::Sensitive;
use liufang_kernel::document::Document;
use liufang_platform::Cipher;

use crate::error::IdentityError;

/// A kind of sealed column.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    Name,
    Certno,
    Phone,
    Health,
    ProofSerial,
    PractitionerName,
    EvidenceNo,
}

impl Column {
    const fn context(self) -> &'static str {
        match self {
            Column::Name => "identity.person.name",
            Column::Certno => "identity.person.certno",
            Column::Phone => "identity.person.phone",
            Column::Health => "identity.person.health",
            Column::ProofSerial => "identity.face_proof.serial",
            Column::PractitionerName => "identity.practitioner.name",
            Column::EvidenceNo => "identity.guardianship.evidence_no",
        }
    }
}

/// Seals, opens and hashes for this service's tables; cheap to clone.
#[derive(Clone)]
pub struct Vault(Cipher);

impl Vault {
    pub fn new(cipher: Cipher) -> Vault {
        Vault(cipher)
    }

    /// Seals `plain`; an absent value stays the empty text.
    pub fn seal(&self, column: Column, plain: &str) -> String {
        if plain.is_empty() { String::new() } else { self.0.seal(column.context(), plain) }
    }

    /// Opens a sealed column.
    pub fn open(&self, column: Column, sealed: &str) -> Result<Sensitive<String>, IdentityError> {
        if sealed.is_empty() {
            return Ok(Sensitive::new(String::new()));
        }
        Ok(Sensitive::new(self.0.open(column.context(), sealed)?))
    }

    /// Index of a document.
    pub fn document_blind(&self, document: &Document) -> String {
        self.0.blind("identity.certno", &document.index_text())
    }

    /// Index of a phone number.
    pub fn phone_blind(&self, phone: &str) -> String {
        self.0.blind("identity.phone", phone)
    }

    /// Hash of a phone code, bound to its session.
    pub fn phone_code(&self, verification_id: &str, code: &str) -> String {
        self.0.blind("identity.phone_code", &format!("{verification_id}\n{code}"))
    }

    /// Hash of a refresh token.
    pub fn refresh_token(&self, token: &str) -> String {
        self.0.blind("identity.refresh_token", token)
    }

    /// Hash of an insurance code.
    pub fn insurance_code(&self, code: &str) -> String {
        self.0.blind("identity.insurance_code", code)
    }

    /// Hash of a proof of presence.
    pub fn presence(&self, token: &str) -> String {
        self.0.blind("identity.presence", token)
    }

    /// Hash of a value that may be used once by `owner`.
    pub fn nonce(&self, owner: &str, nonce: &str) -> String {
        self.0.blind("identity.nonce", &format!("{owner}\n{nonce}"))
    }
}
