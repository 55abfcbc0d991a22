//! The verification hook: an outside provider for the registry, messages, the carrier and faces.
//!
//! A call that fails or is late is no answer, whatever the cause: nothing is guessed from silence. Every attempt has its
//! own request id.

use std::time::Duration;

use liufang_platform::deadline::remaining;
use liufang_platform::outgoing::keyed;
use liufang_platform::{Ids, Mesh, Peers};
use liufang_proto::hooks::v1 as hook;
use liufang_proto::hooks::v1::verification_hook_client::VerificationHookClient;
use tonic::{Request, Response, Status};

use crate::domain::verification::Outcome;

/// How long an answer may take; never more than half of what the caller has left, so that "no answer" is still noted.
const PATIENCE: Duration = Duration::from_secs(3);

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
        let answer = patiently(self.client().check_identity(Request::new(request))).await;
        outcome(answer.map(|answer| answer.outcome))
    }

    /// Sends the one-time code. A pass means that the carrier took it.
    pub async fn send_code(&self, phone: &str, code: &str) -> Outcome {
        let request_id = self.ids.next("sms");
        let request = hook::SendMessageRequest {
            phone: phone.to_owned(),
            text: format!("【流方】验证码 {code}，5分钟内有效，请勿告知他人。"),
            request_id: request_id.clone(),
        };
        let answer = patiently(self.client().send_message(keyed(request, &request_id))).await;
        outcome(answer.map(|answer| answer.outcome))
    }

    /// The carrier's three elements.
    pub async fn check_carrier(&self, name: &str, certno: &str, phone: &str) -> Outcome {
        let request = hook::CheckCarrierRequest {
            psn_name: name.to_owned(),
            certno: certno.to_owned(),
            phone: phone.to_owned(),
            request_id: self.ids.next("chk"),
        };
        let answer = patiently(self.client().check_carrier(Request::new(request))).await;
        outcome(answer.map(|answer| answer.outcome))
    }

    /// A live capture against the registry; with the serial of the pass.
    pub async fn check_face(&self, name: &str, certno: &str, capture_ref: &str) -> (Outcome, String) {
        let request = hook::CheckFaceRequest {
            psn_name: name.to_owned(),
            certno: certno.to_owned(),
            capture_ref: capture_ref.to_owned(),
            request_id: self.ids.next("chk"),
        };
        let answer = patiently(self.client().check_face(Request::new(request))).await;
        let serial = answer.as_ref().map(|answer| answer.proof_serial.clone()).unwrap_or_default();
        (outcome(answer.map(|answer| answer.outcome)), serial)
    }

    fn client(&self) -> VerificationHookClient<Mesh> {
        VerificationHookClient::new(self.peers.mesh("hook.verification"))
    }
}

async fn patiently<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Status> {
    match tokio::time::timeout(remaining(PATIENCE * 2) / 2, call).await {
        Ok(answer) => answer.map(Response::into_inner),
        Err(_) => Err(Status::deadline_exceeded("the provider did not answer in time")),
    }
}

fn outcome(answer: Result<i32, Status>) -> Outcome {
    let answer = match answer {
        Ok(answer) => hook::CheckOutcome::try_from(answer).unwrap_or_default(),
        Err(status) => {
            // the message of a provider may repeat what it was asked
            tracing::info!(code = ?status.code(), "verification provider gave no answer");
            hook::CheckOutcome::NoAnswer
        }
    };
    match answer {
        hook::CheckOutcome::Pass => Outcome::Pass,
        hook::CheckOutcome::Fail => Outcome::Fail,
        hook::CheckOutcome::NoAnswer | hook::CheckOutcome::Unspecified => Outcome::NoAnswer,
    }
}
