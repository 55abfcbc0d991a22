//! Real-name verification as an app walks a person through it: ID number, phone code, face.

use liufang_proto::identity::v1::{
    Purpose, SendPhoneCodeRequest, SendPhoneCodeResponse, SignInRequest, SignInResponse,
    StartVerificationRequest, StartVerificationResponse, StepState, Verification, VerificationStep,
    VerifyFaceRequest, VerifyFaceResponse, VerifyPhoneCodeRequest, VerifyPhoneCodeResponse,
};
use liufang_proto::sandbox::v1::{ListMessagesRequest, ListMessagesResponse};

use super::calls::calls;
use super::{Answer, Citizen, Refusal, Session};

/// The capture the sandbox's face provider passes.
pub const FACE_PASS: &str = "face-pass";

/// How often an app asks again when the carrier gave no answer.
const CARRIER_RETRIES: usize = 2;

/// The steps of a verification through one caller: an app without credential, a platform, or a signed-in person.
#[derive(Clone)]
pub struct Verifier {
    session: Session,
}

calls!(Verifier {
    /// Opens a session and checks the ID number.
    write start: Verifications.start_verification(StartVerificationRequest) -> StartVerificationResponse;
    /// Sends the phone code.
    write send_code: Verifications.send_phone_code(SendPhoneCodeRequest) -> SendPhoneCodeResponse;
    /// Checks the phone code and the carrier.
    write check_code: Verifications.verify_phone_code(VerifyPhoneCodeRequest) -> VerifyPhoneCodeResponse;
    /// Checks the face.
    write check_face: Verifications.verify_face(VerifyFaceRequest) -> VerifyFaceResponse;
    /// Turns a complete verification into tokens.
    write sign_in: Tokens.sign_in(SignInRequest) -> SignInResponse;
    /// What arrived on a phone, as the sandbox carrier tells it.
    read messages: Sandbox.list_messages(ListMessagesRequest) -> ListMessagesResponse;
});

impl Verifier {
    pub fn new(session: &Session) -> Verifier {
        Verifier { session: session.clone() }
    }

    /// Every step for `citizen`; answers the session as it stands after the last one.
    pub async fn walk(&self, citizen: &Citizen, purpose: Purpose, capture: &str) -> Answer<Verification> {
        let verification_id = self.open(citizen, purpose).await?;
        let mut seen = self.phone(&verification_id, &citizen.phone).await?;
        for _ in 0..CARRIER_RETRIES {
            if !unanswered(&seen, VerificationStep::Carrier) {
                break;
            }
            // the code was right already and is not compared again
            let body = VerifyPhoneCodeRequest {
                verification_id: verification_id.clone(),
                code: "000000".to_owned(),
            };
            seen = self.check_code(body).await?.verification.unwrap_or_default();
        }
        let body =
            VerifyFaceRequest { verification_id, capture_ref: capture.to_owned(), ..Default::default() };
        Ok(self.check_face(body).await?.verification.unwrap_or_default())
    }

    /// The first step; answers the session's id.
    pub async fn open(&self, citizen: &Citizen, purpose: Purpose) -> Answer<String> {
        let body = StartVerificationRequest {
            purpose: purpose.into(),
            psn_name: citizen.name.clone(),
            psn_cert_type: citizen.cert_type.clone(),
            certno: citizen.certno.clone(),
            phone: citizen.phone.clone(),
        };
        Ok(self.start(body).await?.verification.unwrap_or_default().verification_id)
    }

    /// The phone steps: asks for the code, reads it from the phone, hands it over.
    pub async fn phone(&self, verification_id: &str, phone: &str) -> Answer<Verification> {
        self.send_code(SendPhoneCodeRequest { verification_id: verification_id.to_owned() }).await?;
        let code = self.code_on(phone).await?;
        let body = VerifyPhoneCodeRequest { verification_id: verification_id.to_owned(), code };
        Ok(self.check_code(body).await?.verification.unwrap_or_default())
    }

    /// The newest code on a phone.
    pub async fn code_on(&self, phone: &str) -> Answer<String> {
        // the sandbox answers whoever asks without a credential, as a person looking at their phone has none
        let owner = Verifier { session: Session::anonymous(self.session.gateway()) };
        let texts = owner.messages(ListMessagesRequest { phone: phone.to_owned() }).await?.texts;
        let code = texts.first().and_then(|text| six_digits(text));
        code.ok_or_else(|| Refusal::local("NO_CODE", "no text message with a six-digit code has arrived"))
    }
}

/// Whether the provider of a step gave no answer: the step may be asked for again, at no cost.
fn unanswered(seen: &Verification, step: VerificationStep) -> bool {
    seen.steps.iter().any(|own| own.step() == step && own.state() == StepState::NoAnswer)
}

fn six_digits(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == 6).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_run_of_six_digits() {
        assert_eq!(six_digits("【流方】验证码 123456，15 分钟内有效").as_deref(), Some("123456"));
        assert_eq!(six_digits("1234567 and 12345"), None);
    }
}
