//! The verification hook: outside providers for the registry, messages, the carrier and faces.
//!
//! A call that fails or is late is no answer, whatever the cause: nothing is guessed from silence. Where several providers
//! are configured for a check, they are asked in that order until one says yes or no; each has its share of the time that is
//! left. A capture lies with the provider that took it, so faces are never asked of another. Every attempt has its own
//! request id. A provider that says it is still at work is waited for: nobody else is asked, and it is asked by that id again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use liufang_kernel::document::Document;
use liufang_platform::deadline::remaining;
use liufang_platform::outgoing::keyed;
use liufang_platform::{Ids, Mesh, Peers, Settings};
use liufang_proto::hooks::v1 as hook;
use liufang_proto::hooks::v1::verification_hook_client::VerificationHookClient;
use tokio::task::JoinHandle;
use tonic::{Code, Request, Status};
use tracing::Instrument as _;

use crate::domain::verification::Outcome;

/// How long the answer of all providers together may take; never more than half of what the caller has left, so that "no
/// answer" is still noted.
const PATIENCE: Duration = Duration::from_secs(3);
/// The provider asked where no other is configured.
const DEFAULT: &str = "verification";

/// The providers behind the hook; cheap to clone.
#[derive(Clone)]
pub struct Provider {
    peers: Peers,
    ids: Ids,
    orders: Arc<Orders>,
}

/// Names of `[hooks]`, in the order they are asked.
struct Orders {
    registry: Vec<String>,
    messages: Vec<String>,
    carrier: Vec<String>,
    faces: Vec<String>,
}

/// What the providers said.
pub struct Answer {
    pub outcome: Outcome,
    /// Who said it; empty without an answer.
    pub provider: String,
    /// Serial of a face pass.
    pub serial: String,
    /// Under which the one who said it was asked.
    pub request_id: String,
    /// Whoever had not answered when their time was over.
    pub late: Vec<Late>,
}

/// A call that still runs.
pub struct Late {
    pub provider: String,
    pub running: JoinHandle<Result<Said, Status>>,
}

/// The words of one provider.
pub struct Said {
    outcome: i32,
    serial: String,
}

type Client = VerificationHookClient<Mesh>;

impl Provider {
    pub fn new(peers: Peers, ids: Ids, settings: &Settings) -> Provider {
        let order = |key: &str| settings.get(key, vec![DEFAULT.to_owned()]);
        let orders = Orders {
            registry: order("registry_providers"),
            messages: order("message_providers"),
            carrier: order("carrier_providers"),
            faces: order("face_providers"),
        };
        Provider { peers, ids, orders: Arc::new(orders) }
    }

    /// Whose captures are taken.
    pub fn faces(&self) -> &[String] {
        &self.orders.faces
    }

    /// The provider that took a capture: the named one, or the first; `None` when it is not one of ours.
    pub fn face(&self, named: &str) -> Option<&String> {
        let faces = &self.orders.faces;
        if named.is_empty() { faces.first() } else { faces.iter().find(|face| *face == named) }
    }

    /// Name and number against the registry.
    pub async fn check_identity(&self, name: &str, document: &Document) -> Answer {
        let call = |mut client: Client, request_id: String| {
            let request = hook::CheckIdentityRequest {
                psn_name: name.to_owned(),
                psn_cert_type: document.kind().code().to_owned(),
                certno: document.reveal().to_owned(),
                request_id,
            };
            async move {
                let answer = client.check_identity(Request::new(request)).await?.into_inner();
                Ok(Said::plain(answer.outcome))
            }
        };
        self.ask(&self.orders.registry, "chk", call).await
    }

    /// Sends the one-time code. A pass means that a carrier took it. After silence the next provider sends the same code
    /// again: a second message is better than none.
    pub async fn send_code(&self, phone: &str, code: &str) -> Answer {
        let call = |mut client: Client, request_id: String| {
            let request = hook::SendMessageRequest {
                phone: phone.to_owned(),
                text: format!("【流方】验证码 {code}，5分钟内有效，请勿告知他人。"),
                request_id: request_id.clone(),
            };
            async move {
                let answer = client.send_message(keyed(request, &request_id)).await?.into_inner();
                Ok(Said::plain(answer.outcome))
            }
        };
        let mut answer = self.ask(&self.orders.messages, "sms", call).await;
        // a message is on its way or it is not
        if answer.outcome == Outcome::Pending {
            answer.outcome = Outcome::NoAnswer;
        }
        answer
    }

    /// The carrier's three elements.
    pub async fn check_carrier(&self, name: &str, document: &Document, phone: &str) -> Answer {
        let call = |mut client: Client, request_id: String| {
            let request = hook::CheckCarrierRequest {
                psn_name: name.to_owned(),
                psn_cert_type: document.kind().code().to_owned(),
                certno: document.reveal().to_owned(),
                phone: phone.to_owned(),
                request_id,
            };
            async move {
                let answer = client.check_carrier(Request::new(request)).await?.into_inner();
                Ok(Said::plain(answer.outcome))
            }
        };
        self.ask(&self.orders.carrier, "chk", call).await
    }

    /// A live capture against the registry, asked of the provider that took it; with the serial of the pass.
    pub async fn check_face(
        &self,
        face: &String,
        name: &str,
        document: &Document,
        capture_ref: &str,
    ) -> Answer {
        let call = |mut client: Client, request_id: String| {
            let request = hook::CheckFaceRequest {
                psn_name: name.to_owned(),
                psn_cert_type: document.kind().code().to_owned(),
                certno: document.reveal().to_owned(),
                capture_ref: capture_ref.to_owned(),
                request_id,
            };
            async move {
                let answer = client.check_face(Request::new(request)).await?.into_inner();
                Ok(Said { outcome: answer.outcome, serial: answer.proof_serial })
            }
        };
        self.ask(std::slice::from_ref(face), "chk", call).await
    }

    /// How a check ended that a provider was still at work on. Silence is asked again; an id or a method that the provider does
    /// not know is no answer for good.
    pub async fn query(&self, provider: &str, request_id: &str) -> (Outcome, String) {
        let request = hook::QueryCheckRequest { request_id: request_id.to_owned() };
        let mut client = self.client(provider);
        let asked = tokio::time::timeout(PATIENCE, client.query_check(Request::new(request))).await;
        let answer = match asked {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) if [Code::NotFound, Code::Unimplemented].contains(&status.code()) => {
                return (Outcome::NoAnswer, String::new());
            }
            Ok(Err(_)) | Err(_) => return (Outcome::Pending, String::new()),
        };
        let outcome = said(&Ok(Said::plain(answer.outcome)));
        (outcome.unwrap_or(Outcome::NoAnswer), answer.proof_serial)
    }

    async fn ask<C>(
        &self,
        order: &[String],
        prefix: &'static str,
        call: impl Fn(Client, String) -> C,
    ) -> Answer
    where
        C: Future<Output = Result<Said, Status>> + Send + 'static,
    {
        let until = Instant::now() + remaining(PATIENCE * 2) / 2;
        let mut late = Vec::new();
        for (asked, provider) in order.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(order.len() - asked).unwrap_or(1);
            let request_id = self.ids.next(prefix);
            let asking = call(self.client(provider), request_id.clone());
            let mut running = tokio::spawn(asking.in_current_span());
            match tokio::time::timeout(share, &mut running).await {
                Ok(Ok(answer)) => {
                    if let Some(outcome) = said(&answer).filter(|outcome| *outcome != Outcome::NoAnswer) {
                        let serial = answer.map(|said| said.serial).unwrap_or_default();
                        return Answer { outcome, provider: provider.clone(), serial, request_id, late };
                    }
                    // the message of a provider may repeat what it was asked
                    let code = answer.err().map(|status| status.code());
                    tracing::info!(%provider, ?code, "verification provider gave no answer");
                }
                Ok(Err(_)) => tracing::info!(%provider, "the call to a verification provider ended early"),
                Err(_) => {
                    tracing::info!(%provider, "verification provider did not answer in time");
                    late.push(Late { provider: provider.clone(), running });
                }
            }
        }
        let nothing = String::new;
        Answer {
            outcome: Outcome::NoAnswer,
            provider: nothing(),
            serial: nothing(),
            request_id: nothing(),
            late,
        }
    }

    fn client(&self, provider: &str) -> Client {
        let mesh = match provider {
            // spelled out: the chart's check looks for the names of hooks
            DEFAULT => self.peers.mesh("hook.verification"),
            other => self.peers.mesh(&format!("hook.{other}")),
        };
        VerificationHookClient::new(mesh)
    }
}

impl Said {
    fn plain(outcome: i32) -> Said {
        Said { outcome, serial: String::new() }
    }
}

/// The outcome in an answer; `None` for a failed call.
pub fn said(answer: &Result<Said, Status>) -> Option<Outcome> {
    let said = answer.as_ref().ok()?;
    Some(match hook::CheckOutcome::try_from(said.outcome).unwrap_or_default() {
        hook::CheckOutcome::Pass => Outcome::Pass,
        hook::CheckOutcome::Fail => Outcome::Fail,
        hook::CheckOutcome::Pending => Outcome::Pending,
        hook::CheckOutcome::NoAnswer | hook::CheckOutcome::Unspecified => Outcome::NoAnswer,
    })
}
