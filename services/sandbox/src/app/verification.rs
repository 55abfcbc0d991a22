//! ID registry, carrier and face provider.

use liufang_kernel::Sensitive;

use super::App;
use crate::domain::dial::Dial;
use crate::domain::magic::{self, Verdict};
use crate::error::SandboxError;
use crate::store;
use crate::store::sealed::TEXT;

/// A verdict the caller gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    Pass,
    Fail,
    NoAnswer,
}

/// A text message.
pub struct SendMessage {
    pub phone: Sensitive<String>,
    pub text: Sensitive<String>,
    pub request_id: String,
}

/// Context of the index of phones.
const PHONE: &str = "message.phone";

impl App {
    /// Name and ID number against the registry.
    pub async fn check_identity(&self, certno: &str) -> Result<Checked, SandboxError> {
        self.check("VerificationHook/CheckIdentity", &[certno], magic::registry(certno)).await
    }

    /// Name, ID number and phone against the carrier.
    pub async fn check_carrier(&self, certno: &str, phone: &str) -> Result<Checked, SandboxError> {
        self.check("VerificationHook/CheckCarrier", &[certno, phone], magic::carrier(phone)).await
    }

    /// Live capture against the registry; the serial of the pass is empty otherwise.
    pub async fn check_face(
        &self,
        certno: &str,
        capture_ref: &str,
        request_id: &str,
    ) -> Result<(Checked, String), SandboxError> {
        let keys = [certno, capture_ref];
        let checked = self.check("VerificationHook/CheckFace", &keys, magic::face(capture_ref)).await?;
        let serial = if checked == Checked::Pass { format!("SBX{request_id}") } else { String::new() };
        Ok((checked, serial))
    }

    async fn check(&self, method: &str, keys: &[&str], verdict: Verdict) -> Result<Checked, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, method, keys).await?;
        work.done().await?;
        told(dial.over(verdict))
    }

    /// Takes a message once per request id.
    pub async fn send_message(&self, message: SendMessage) -> Result<Checked, SandboxError> {
        let phone = message.phone.reveal();
        let work = self.db.begin_step().await?;
        let dial: Dial = self.dial(&work, "VerificationHook/SendMessage", &[phone]).await?;
        let verdict = dial.over(magic::message(phone));
        if matches!(verdict, Verdict::Pass | Verdict::LostAnswer) {
            let index = self.cipher.blind(PHONE, phone);
            let text = self.cipher.seal(TEXT, message.text.reveal());
            store::messages::insert(work.tx(), &message.request_id, index, text, self.clock.now()).await?;
        }
        work.done().await?;
        told(verdict)
    }

    /// Texts for a phone, newest first.
    pub async fn list_messages(&self, phone: &str) -> Result<Vec<String>, SandboxError> {
        let sealed = store::messages::of_phone(self.db.read(), self.cipher.blind(PHONE, phone)).await?;
        let mut texts = Vec::with_capacity(sealed.len());
        for text in sealed {
            texts.push(self.cipher.open(TEXT, &text)?);
        }
        Ok(texts)
    }
}

fn told(verdict: Verdict) -> Result<Checked, SandboxError> {
    match verdict {
        Verdict::Pass => Ok(Checked::Pass),
        Verdict::Fail => Ok(Checked::Fail),
        Verdict::NoAnswer => Ok(Checked::NoAnswer),
        Verdict::LostRequest | Verdict::LostAnswer => Err(SandboxError::NoAnswer),
    }
}
