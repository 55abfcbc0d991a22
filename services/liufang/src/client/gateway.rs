//! The one door, seen from outside: an address, a channel, a clock of one's own.

use std::sync::Arc;
use std::time::Duration;

use liufang_kernel::Timestamp;
use liufang_platform::{SharedClock, SystemClock};
use tonic::transport::{Channel, Endpoint};

/// A connection to the gateway; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    channel: Channel,
    url: String,
    clock: SharedClock,
    timeout: Duration,
}

/// The gateway cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("gateway {url}: {source}")]
pub struct ConnectError {
    url: String,
    source: tonic::transport::Error,
}

impl Gateway {
    /// Connects to `url`, e.g. `http://127.0.0.1:8080`. Fails when nobody listens there.
    pub async fn connect(url: &str) -> Result<Gateway, ConnectError> {
        let failed = |source| ConnectError { url: url.to_owned(), source };
        let endpoint =
            Endpoint::from_shared(url.to_owned()).map_err(failed)?.connect_timeout(Duration::from_secs(5));
        let channel = endpoint.connect().await.map_err(failed)?;
        Ok(Gateway::over(channel, url))
    }

    /// Over a channel of the caller's own making.
    pub fn over(channel: Channel, url: &str) -> Gateway {
        Gateway {
            channel,
            url: url.to_owned(),
            clock: Arc::new(SystemClock),
            timeout: Duration::from_secs(30),
        }
    }

    /// The same gateway for a client whose clock is `clock`: assertions and signatures are dated by it.
    pub fn with_clock(self, clock: SharedClock) -> Gateway {
        Gateway { clock, ..self }
    }

    /// The same gateway with another deadline for each call (30 s unless told otherwise).
    pub fn with_timeout(self, timeout: Duration) -> Gateway {
        Gateway { timeout, ..self }
    }

    /// The raw channel, for calls made by hand.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The client's own time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
