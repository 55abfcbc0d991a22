//! Sign-ins that have ended while access tokens of theirs are out. Identity is asked every few seconds, never for a call, so an end
//! is heard by every gateway within that time.
//!
//! When identity does not answer, what is known stays known and nothing new comes: an access token that should have ended then
//! lives as long as it was given, ten minutes at most. Refusing everybody instead would make identity's outage one of everything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use liufang_platform::mesh::Mesh;
use liufang_platform::{AuthFault, Principal};
use liufang_proto::identity::v1::token_service_client::TokenServiceClient;
use liufang_proto::identity::v1::{ListEndedSessionsRequest, ListEndedSessionsResponse};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::Request;
use tonic::metadata::MetadataValue;

/// No access token lives longer (ten minutes), and clocks of two machines may differ.
const KEEP_US: i64 = 12 * 60 * 1_000_000;
/// What was committed late may carry an earlier moment than what was told before it.
const OVERLAP_US: i64 = 15 * 1_000_000;
/// A question every two seconds is no trace of its own.
const NOT_SAMPLED: &str = "00-00000000000000000000000000000001-0000000000000001-00";
/// An answer is waited for this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// The ended sign-ins; cheap to clone.
#[derive(Clone, Default)]
pub struct Ended(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    at_us: HashMap<String, i64>,
    newest_us: i64,
}

impl Ended {
    /// Refuses somebody whose sign-in has ended.
    pub(crate) fn check(&self, principal: &Principal) -> Result<(), AuthFault> {
        match principal.session.as_str() {
            "" => Ok(()),
            session if self.known().at_us.contains_key(session) => Err(AuthFault::Ended),
            _ => Ok(()),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        // nothing is changed by halves
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn newest(&self) -> i64 {
        self.known().newest_us
    }

    /// Takes what identity told, and forgets what no token can belong to any more.
    fn take(&self, told: ListEndedSessionsResponse) {
        let mut known = self.known();
        for session in told.sessions {
            known.newest_us = known.newest_us.max(session.ended_at_us);
            known.at_us.insert(session.session_id, session.ended_at_us);
        }
        // a clock that was set back must not hide what ends from now on
        known.newest_us = known.newest_us.min(told.now_us);
        let before = known.newest_us - KEEP_US;
        known.at_us.retain(|_, at_us| before <= *at_us);
    }

    /// Asks for everything new, page by page.
    async fn ask(&self, identity: &Mesh) -> Result<(), tonic::Status> {
        let mut after_us = (self.newest() - OVERLAP_US).max(0);
        loop {
            let mut request = Request::new(ListEndedSessionsRequest { after_us });
            request.metadata_mut().insert("traceparent", MetadataValue::from_static(NOT_SAMPLED));

            let told =
                TokenServiceClient::new(identity.clone()).list_ended_sessions(request).await?.into_inner();
            let (more, last) = (told.more, told.sessions.last().map(|session| session.ended_at_us));
            self.take(told);
            match last {
                Some(last) if more && after_us < last => after_us = last,
                _ => return Ok(()),
            }
        }
    }

    /// Asks `identity` every so often until the process stops.
    pub async fn follow(self, identity: Mesh, every: Duration, stop: CancellationToken) {
        let mut heard = true;
        loop {
            let answered = matches!(timeout(PATIENCE, self.ask(&identity)).await, Ok(Ok(())));
            if heard && !answered {
                tracing::info!("identity does not say which sign-ins have ended; tokens end by themselves");
            }
            heard = answered;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    }
}
