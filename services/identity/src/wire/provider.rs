//! The verification hook: an outside provider for the registry, messages, the carrier and faces.
//!
//! A call that fails is no answer, whatever the cause: nothing is guessed from silence. Every attempt has its own
//! request id.

use liufang_platform::outgoing::keyed;
use liufang_platform::{Ids, Peers};
use liufang_proto::hooks::v1 as hook;
use liufang_proto::hooks::v1::verification_hook_client::VerificationHookClient;
use tonic::Request;

use crate::domain::verification::Outcome;

/// The provider behind the hook; cheap to clone.
#[derive(Clone)]
pub struct Provider {
    peers: Peers,
    ids: Ids,
}

impl Provider {
    pub fn new(peers: Peers, ids: Ids) -> Provider {
        Provider { peers, ids }
    }

    /// Name and number against the registry.
    pub async fn check_identity(&self, name: &str, certno: &str) -> Outcome {
        let request = hook::CheckIdentityRequest {
            psn_name: name.to_owned(),
            certno: certno.to_owned(),
            request_id: self.ids.next("chk"),
        };
        let answer = self.client().check_identity(Request::new(request)).await;
        outcome(answer.map(|answer| answer.into_inner().outcome))
    }

    /// Sends the one-time code. A pass means that the carrier took it.
    pub async fn send_code(&self, phone: &str, code: &str) -> Outcome {
        let request_id = self.ids.next("sms");
        let request = hook::SendMessageRequest {
            phone: phone.to_owned(),
            text: format!("【流方】验证码 {code}，5分钟内有效，请勿告知他人。"),
            request_id: request_id.clone(),
        };
        let answer = self.client().send_message(keyed(request, &request_id)).await;
        outcome(answer.map(|answer| answer.into_inner().outcome))
    }

    /// The carrier's three elements.
    pub async fn check_carrier(&self, name: &str, certno: &str, phone: &str) -> Outcome {
        let request = hook::CheckCarrierRequest {
            psn_name: name.to_owned(),
            certno: certno.to_owned(),
            phone: phone.to_owned(),
            request_id: self.ids.next("chk"),
        };
        let answer = self.client().check_carrier(Request::new(request)).await;
        outcome(answer.map(|answer| answer.into_inner().outcome))
    }

    /// A live capture against the registry; with the serial of the pass.
    pub async fn check_face(&self, name: &str, certno: &str, capture_ref: &str) -> (Outcome, String) {
        let request = hook::CheckFaceRequest {
            psn_name: name.to_owned(),
            certno: certno.to_owned(),
            capture_ref: capture_ref.to_owned(),
            request_id: self.ids.next("chk"),
        };
        let answer = self.client().check_face(Request::new(request)).await.map(tonic::Response::into_inner);
        let serial = answer.as_ref().map(|answer| answer.proof_serial.clone()).unwrap_or_default();
        (outcome(answer.map(|answer| answer.outcome)), serial)
    }

    fn client(&self) -> VerificationHookClient<liufang_platform::Mesh> {
        VerificationHookClient::new(self.peers.mesh("hook.verification"))
    }
}

fn outcome(answer: Result<i32, tonic::Status>) -> Outcome {
    let answer = match answer {
        Ok(answer) => hook::CheckOutcome::try_from(answer).unwrap_or_default(),
        Err(status) => {
            // the message of a provider may repeat what it was asked
            tracing::warn!(code = ?status.code(), "verification provider gave no answer");
            hook::CheckOutcome::NoAnswer
        }
    };
    match answer {
        hook::CheckOutcome::Pass => Outcome::Pass,
        hook::CheckOutcome::Fail => Outcome::Fail,
        hook::CheckOutcome::NoAnswer | hook::CheckOutcome::Unspecified => Outcome::NoAnswer,
    }
}
