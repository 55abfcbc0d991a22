//! All addresses of one peer: resolved again and again, the less busy of two random ones is called, one that failed is
//! left alone for a while.

use std::error::Error;
use std::iter::successors;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use http::{Request, Response};
use tokio::sync::Notify;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt as _;

use super::connect::{Connect, Security};
use super::names::{Names, System};
use super::target::Target;
use crate::causes;

/// An address that failed is left alone this long, twice as long after each further failure, up to the most.
const AVOID_FIRST: Duration = Duration::from_millis(500);
const AVOID_MOST: Duration = Duration::from_secs(10);
/// A lost machine is noticed after the interval and the timeout.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);
/// An address that failed makes us ask for new ones, not more often than this.
const ASK_PAUSE: Duration = Duration::from_secs(1);
/// Nobody waits longer for a name server while there is no address yet.
const FIRST_LOOKUP: Duration = Duration::from_secs(2);

/// How a remote peer is reached.
#[derive(Clone)]
pub struct RemoteOptions {
    /// For messages.
    pub peer: String,
    pub targets: Vec<Target>,
    pub security: Security,
    /// Not of this mesh: no role is proven to it.
    pub outside: bool,
    pub resolve_every: Duration,
    pub connect_timeout: Duration,
}

/// A peer across the network; cheap to clone.
#[derive(Clone)]
pub struct Remote(Arc<Inner>);

struct Inner {
    options: RemoteOptions,
    names: Arc<dyn Names>,
    addresses: Mutex<Vec<Arc<Address>>>,
    /// Rung when an address failed.
    doubt: Notify,
    draws: AtomicU64,
}

struct Address {
    at: SocketAddr,
    /// Which of the targets resolved to it: its host is what the certificate must be for.
    target: Target,
    channel: Channel,
    running: AtomicUsize,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    failures: u32,
    avoid_until: Option<Instant>,
}

impl Remote {
    /// Must be called inside the runtime: it starts the task that follows the peer's addresses.
    pub fn new(options: RemoteOptions) -> Remote {
        Remote::named_by(Arc::new(System), options)
    }

    /// As [`Remote::new`], with a name service of one's own.
    pub fn named_by(names: Arc<dyn Names>, options: RemoteOptions) -> Remote {
        let remote = Remote(Arc::new(Inner {
            options,
            names,
            addresses: Mutex::default(),
            doubt: Notify::new(),
            draws: AtomicU64::new(u64::from(std::process::id())),
        }));
        tokio::spawn(follow(Arc::downgrade(&remote.0)));
        remote
    }

    /// Whether both ends show a certificate of the mesh.
    pub fn is_mesh(&self) -> bool {
        matches!(self.0.options.security, Security::Mesh { .. })
    }

    pub fn is_outside(&self) -> bool {
        self.0.options.outside
    }

    /// Whether there is an address that is neither among `tried` nor known to fail.
    pub fn has_another(&self, tried: &[SocketAddr]) -> bool {
        self.0.list().iter().any(|address| !tried.contains(&address.at) && !address.is_avoided())
    }

    /// Calls one address, rather one that is not among `tried`, and adds it to them.
    pub async fn call(
        &self,
        request: Request<Body>,
        tried: &mut Vec<SocketAddr>,
    ) -> Result<Response<Body>, Status> {
        let peer = &self.0.options.peer;
        if self.0.list().is_empty() {
            // the first call may come before the first answer of the name server
            let _ = tokio::time::timeout(FIRST_LOOKUP, self.0.resolve()).await;
        }
        let address =
            self.0.pick(tried).ok_or_else(|| Status::unavailable(format!("{peer} has no address")))?;
        tried.push(address.at);
        let _running = Running::on(&address);
        let called = address.channel.clone().oneshot(request).await;
        if !called.as_ref().is_err_and(|error| is_not_begun(error)) {
            address.note(called.is_err());
        }
        called.map_err(|error| {
            self.0.doubt.notify_one();
            let text = format!("{peer} at {}: {}", address.at, causes::chain(&error));
            let mut status = Status::unavailable(text);
            status.set_source(Arc::new(error));
            status
        })
    }
}

/// Whether nobody can have acted on the request of this failure: its connection ended before it was sent, as connections
/// of some age do, or the peer says that it did not begin with it (RFC 9113 §8.7). The address is as well as it was.
pub(super) fn was_not_begun(status: &Status) -> bool {
    status.source().is_some_and(is_not_begun)
}

fn is_not_begun(error: &(dyn Error + 'static)) -> bool {
    successors(Some(error), |&cause| cause.source()).any(|cause| {
        // hyper cancels only what it has not begun to send
        let unsent = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled);
        // streams above the last one of a GOAWAY, and those reset so, were never looked at
        let refused = cause.downcast_ref::<h2::Error>().is_some_and(|error| {
            let said = |is: bool, reason| is && error.is_remote() && error.reason() == Some(reason);
            said(error.is_go_away(), h2::Reason::NO_ERROR)
                || said(error.is_reset(), h2::Reason::REFUSED_STREAM)
        });
        unsent || refused
    })
}

impl Inner {
    fn list(&self) -> MutexGuard<'_, Vec<Arc<Address>>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The less busy of two random ones among the best there are: well and not tried, well, not tried, any.
    fn pick(&self, tried: &[SocketAddr]) -> Option<Arc<Address>> {
        let all = self.list().clone();
        let fresh = |address: &Address| !tried.contains(&address.at);
        let well = |address: &Address| !address.is_avoided();
        let of = |good: &dyn Fn(&Address) -> bool| -> Vec<&Arc<Address>> {
            all.iter().filter(|address| good(address)).collect()
        };
        let choices: [&dyn Fn(&Address) -> bool; 4] =
            [&|address| well(address) && fresh(address), &well, &fresh, &|_| true];
        let best = choices.into_iter().map(of).find(|best| !best.is_empty())?;
        let first = *best.get(self.draw(best.len())?)?;
        let second = *best.get(self.draw(best.len())?)?;
        let busy = |address: &Arc<Address>| address.running.load(Ordering::Relaxed);
        Some(if busy(second) < busy(first) { second.clone() } else { first.clone() })
    }

    /// A number below `count`; good enough to spread calls.
    fn draw(&self, count: usize) -> Option<usize> {
        let mut x = self.draws.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((x ^ (x >> 31)) >> 33).ok()?.checked_rem(count)
    }

    /// Asks for the addresses. Those that stay keep their connections; while nobody answers, all stay.
    async fn resolve(&self) {
        let mut found: Vec<(SocketAddr, &Target)> = Vec::new();
        for target in &self.options.targets {
            match self.names.lookup(&target.host, target.port).await {
                Ok(addresses) => found.extend(addresses.into_iter().map(|at| (at, target))),
                Err(error) => {
                    tracing::info!(
                        peer = self.options.peer,
                        host = target.host,
                        "name not resolved: {error}"
                    );
                }
            }
        }
        // stable: of two hosts at one address the first stays
        found.sort_by_key(|(at, _)| *at);
        found.dedup_by_key(|(at, _)| *at);
        let mut list = self.list();
        let is = |address: &Address, (at, target): (SocketAddr, &Target)| {
            address.at == at && address.target == *target
        };
        let same =
            list.len() == found.len() && list.iter().zip(&found).all(|(address, place)| is(address, *place));
        if found.is_empty() || same {
            return;
        }
        tracing::info!(peer = self.options.peer, count = found.len(), "addresses of a peer");
        let known = std::mem::take(&mut *list);
        let opened = |place: (SocketAddr, &Target)| {
            let old = known.iter().find(|address| is(address, place));
            old.cloned().unwrap_or_else(|| self.open(place.0, place.1))
        };
        *list = found.into_iter().map(opened).collect();
    }

    fn open(&self, at: SocketAddr, target: &Target) -> Arc<Address> {
        let RemoteOptions { security, connect_timeout, .. } = &self.options;
        let host = target.host.clone();
        let connect = Connect { at, host, security: security.clone(), timeout: *connect_timeout };
        let scheme = if matches!(security, Security::Plain) { "http" } else { "https" };
        // what the peer sees as authority; the connector goes to the address
        let authority = target.authority();
        let origin = format!("{scheme}://{authority}").parse().unwrap_or_default();
        let channel = Endpoint::from_static("http://mesh")
            .origin(origin)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .connect_with_connector_lazy(connect);
        let target = target.clone();
        Arc::new(Address { at, target, channel, running: AtomicUsize::new(0), health: Mutex::default() })
    }
}

impl Address {
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_avoided(&self) -> bool {
        self.health().avoid_until.is_some_and(|until| Instant::now() < until)
    }

    /// Any answer, even a refusal, shows that somebody is there.
    fn note(&self, failed: bool) {
        let mut health = self.health();
        if !failed {
            *health = Health::default();
            return;
        }
        let pause = AVOID_FIRST.saturating_mul(1 << health.failures.min(8)).min(AVOID_MOST);
        health.failures = health.failures.saturating_add(1);
        health.avoid_until = Some(Instant::now() + pause);
    }
}

/// One call until its answer begins.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn on(address: &'a Address) -> Running<'a> {
        address.running.fetch_add(1, Ordering::Relaxed);
        Running(&address.running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Resolves until nobody uses the peer any more.
async fn follow(peer: Weak<Inner>) {
    loop {
        let Some(inner) = peer.upgrade() else { return };
        inner.resolve().await;
        let every = inner.options.resolve_every;
        let asked = Instant::now();
        {
            let pause = tokio::time::sleep(every);
            tokio::select! { () = pause => {} () = inner.doubt.notified() => {} }
        }
        drop(inner);
        tokio::time::sleep(ASK_PAUSE.saturating_sub(asked.elapsed())).await;
    }
}
