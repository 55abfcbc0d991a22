//! A guardian's call for a child: identity is asked before anything is forwarded, so an ended relation is refused at once and
//! what is done stands in the child's access records. Who acts is read from the token; nothing here knows a method.

use std::time::Duration;

use liufang_kernel::{Class, Fault as _};
use liufang_platform::mesh::Mesh;
use liufang_platform::{AuthFault, PeerFault, Principal};
use liufang_proto::identity::v1::CheckActingRequest;
use liufang_proto::identity::v1::guardian_service_client::GuardianServiceClient;
use tonic::Request;

use crate::error::GatewayError;

/// Asks for `principal` when somebody acts for them. A door that cannot ask passes no such call.
pub(crate) async fn check(
    identity: Option<&Mesh>,
    principal: &Principal,
    method: &str,
) -> Result<(), GatewayError> {
    let Some(actor) = principal.actor() else { return Ok(()) };
    let identity = identity.ok_or(AuthFault::NotAllowed)?;
    let request = CheckActingRequest {
        guardian_person_id: actor.to_owned(),
        child_person_id: principal.subject.clone(),
        method: method.to_owned(),
    };
    let answer = GuardianServiceClient::new(identity.clone()).check_acting(Request::new(request)).await;
    answer.map(drop).map_err(|status| GatewayError::Acting(Box::new(PeerFault::from(status))))
}

/// Silences after which an open stream is not believed any more.
const SILENCES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks again for an open stream: what ends it, if anything. Silence is asked again; after much of it the stream ends, and the
/// next one opens when identity answers.
pub(crate) async fn refused(
    identity: Option<&Mesh>,
    principal: &Principal,
    method: &str,
) -> Option<GatewayError> {
    for silences in 1..=SILENCES {
        let error = match tokio::time::timeout(PATIENCE, check(identity, principal, method)).await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error,
            Err(_) => GatewayError::DeadlineExceeded,
        };
        let silent = matches!(error.doc().class, Class::Unavailable | Class::Deadline);
        if !silent || silences == SILENCES {
            return Some(error);
        }
        tokio::time::sleep(PATIENCE).await;
    }
    None
}
