//! Verification sessions on the wire.

use liufang_kernel::phone::Phone;
use liufang_kernel::{Sensitive, Violations};
use liufang_platform::CallMeta;
use liufang_proto::identity::v1 as pb;

use super::page::{self, Page};
use crate::app::history::History;
use crate::app::phone::CheckCode;
use crate::app::verification::{Face, Start, View};
use crate::domain::phone_code::is_code;
use crate::domain::verification::{Progress, Purpose};

pub fn start(request: pb::StartVerificationRequest, meta: &CallMeta) -> Result<Start, Violations> {
    let mut violations = Violations::new();
    let purpose = Purpose::from_code(request.purpose);
    violations.check(purpose.is_some(), "purpose", "must be REGISTER, SIGN_IN, MUTUAL_AID or GUARDIAN");
    let name = violations.text("psn_name", &request.psn_name, 50);
    let fields = ("psn_cert_type", "certno");
    let document = super::document(&mut violations, fields, &request.psn_cert_type, &request.certno, meta);
    let phone = violations.take("phone", Phone::parse(&request.phone));
    let start = purpose.zip(document).zip(phone).map(|((purpose, document), phone)| Start {
        purpose,
        name: Sensitive::new(name),
        document,
        phone,
    });
    violations.finish(start)
}

pub fn send_code(request: pb::SendPhoneCodeRequest, _: &CallMeta) -> Result<String, Violations> {
    super::id("verification_id", &request.verification_id)
}

pub fn check_code(request: pb::VerifyPhoneCodeRequest, _: &CallMeta) -> Result<CheckCode, Violations> {
    let mut violations = Violations::new();
    let verification_id = violations.text("verification_id", &request.verification_id, 128);
    violations.check(is_code(&request.code), "code", "must be six digits");
    violations.finish(Some(CheckCode { verification_id, code: Sensitive::new(request.code) }))
}

pub fn face(request: pb::VerifyFaceRequest, _: &CallMeta) -> Result<Face, Violations> {
    let mut violations = Violations::new();
    let verification_id = violations.text("verification_id", &request.verification_id, 128);
    let capture_ref = violations.text("capture_ref", &request.capture_ref, 256);
    let provider = violations.optional_text("provider", &request.provider, 64);
    violations.finish(Some(Face { verification_id, capture_ref, provider }))
}

pub fn get(request: pb::GetVerificationRequest, _: &CallMeta) -> Result<String, Violations> {
    super::id("verification_id", &request.verification_id)
}

pub fn events(request: pb::ListVerificationEventsRequest, _: &CallMeta) -> Result<Page, Violations> {
    let mut violations = Violations::new();
    let page = page::read(&mut violations, request.page);
    violations.finish(Some(page))
}

impl From<History> for pb::ListVerificationEventsResponse {
    fn from(own: History) -> pb::ListVerificationEventsResponse {
        let events = own.events.into_iter().map(|event| pb::VerificationEvent {
            step: event.step.code(),
            outcome: event.outcome,
            purpose: event.subject.purpose.code(),
            provider: event.provider,
            platform: event.subject.platform,
            at_us: event.at.0,
            verification_id_tail: event.subject.session_tail,
        });
        let next_page_token = page::token(own.next.as_deref());
        pb::ListVerificationEventsResponse { events: events.collect(), next_page_token }
    }
}

impl From<View> for pb::Verification {
    fn from(own: View) -> pb::Verification {
        pb::Verification {
            verification_id: own.verification_id,
            purpose: own.purpose.code(),
            steps: own.steps.into_iter().map(step).collect(),
            complete: own.complete,
            expires_at_us: own.expires_at.0,
            locked_until_us: own.locked_until.map_or(0, |until| until.0),
            face_providers: own.face_providers,
        }
    }
}

fn step(own: Progress) -> pb::StepStatus {
    pb::StepStatus {
        step: own.step.code(),
        state: own.state.code(),
        attempts_left: i32::from(own.attempts_left),
    }
}

macro_rules! answers {
    ($($response:ident),*) => {$(
        impl From<View> for pb::$response {
            fn from(own: View) -> pb::$response {
                pb::$response { verification: Some(own.into()) }
            }
        }
    )*};
}
answers!(
    StartVerificationResponse,
    SendPhoneCodeResponse,
    VerifyPhoneCodeResponse,
    VerifyFaceResponse,
    GetVerificationResponse
);
