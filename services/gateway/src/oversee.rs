//! Looks again, as long as a stream is open, whether its caller's sign-in holds and whether a guardian may still act.

use std::pin::Pin;
use std::time::Duration;

use liufang_platform::Principal;
use liufang_platform::mesh::Mesh;

use crate::acting;
use crate::ended::Ended;
use crate::error::GatewayError;

/// Comes to its end when the stream must.
pub(crate) type Overseen = Pin<Box<dyn Future<Output = GatewayError> + Send>>;

/// What is asked, and how often.
pub(crate) struct Oversee {
    pub every: Duration,
    pub ended: Ended,
    pub identity: Option<Mesh>,
    pub principal: Principal,
    pub method: String,
}

impl Oversee {
    /// Whether anything of this caller can end while a stream is open.
    pub fn concerns(principal: &Principal) -> bool {
        !principal.session.is_empty() || principal.actor().is_some()
    }

    pub fn begin(self) -> Overseen {
        Box::pin(self.run())
    }

    async fn run(self) -> GatewayError {
        loop {
            tokio::time::sleep(self.every).await;
            if let Err(fault) = self.ended.check(&self.principal) {
                return fault.into();
            }
            if let Some(error) = acting::refused(self.identity.as_ref(), &self.principal, &self.method).await
            {
                return error;
            }
        }
    }
}
