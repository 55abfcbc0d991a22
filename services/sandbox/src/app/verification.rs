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
    /// Still at work.
    Pending,
}

/// How long a provider that is still at work takes.
const WORKS_SECONDS: i64 = 3;

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
    pub async fn check_identity(&self, certno: &str, request_id: &str) -> Result<Checked, SandboxError> {
        let keys = [certno];
        self.check("VerificationHook/CheckIdentity", &keys, magic::registry(certno), request_id, "").await
    }

    /// Name, ID number and phone against the carrier.
    pub async fn check_carrier(
        &self,
        certno: &str,
        phone: &str,
        request_id: &str,
    ) -> Result<Checked, SandboxError> {
        let keys = [certno, phone];
        self.check("VerificationHook/CheckCarrier", &keys, magic::carrier(phone), request_id, "").await
    }

    /// Live capture against the registry; the serial of the pass is empty otherwise.
    pub async fn check_face(
        &self,
        certno: &str,
        capture_ref: &str,
        request_id: &str,
    ) -> Result<(Checked, String), SandboxError> {
        let (keys, serial) = ([certno, capture_ref], format!("SBX{request_id}"));
        let verdict = magic::face(capture_ref);
        let checked = self.check("VerificationHook/CheckFace", &keys, verdict, request_id, &serial).await?;
        Ok((checked, if checked == Checked::Pass { serial } else { String::new() }))
    }

    /// A check that is still at work is remembered with the serial it will have.
    async fn check(
        &self,
        method: &str,
        keys: &[&str],
        verdict: Verdict,
        request_id: &str,
        serial: &str,
    ) -> Result<Checked, SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, method, keys).await?;
        let verdict = dial.over(verdict);
        if verdict == Verdict::Later {
            let ends_at = self.clock.now().plus_seconds(WORKS_SECONDS);
            store::checks::insert(work.tx(), request_id, serial, ends_at).await?;
        }
        work.done().await?;
        told(verdict)
    }

    /// How a check ended that was still at work.
    pub async fn query_check(&self, request_id: &str) -> Result<(Checked, String), SandboxError> {
        let work = self.db.begin_step().await?;
        let dial = self.dial(&work, "VerificationHook/QueryCheck", &[request_id]).await?;
        let known = store::checks::find(work.tx(), request_id).await?;
        work.done().await?;
        let (serial, ends_at) = known.ok_or(SandboxError::CheckUnknown)?;
        let over = ends_at <= self.clock.now();
        let checked = told(dial.over(if over { Verdict::Pass } else { Verdict::Later }))?;
        Ok((checked, if checked == Checked::Pass { serial } else { String::new() }))
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
        Verdict::Later => Ok(Checked::Pending),
        Verdict::LostRequest | Verdict::LostAnswer => Err(SandboxError::NoAnswer),
    }
}
