//! What may happen to a call on its way from one role to another: as between machines, although the roles of a simulation live
//! in one process.
//!
//! The seed, the method and how often it was called decide. Calls from the door and to the outside parties are left alone:
//! those have fates and dials of their own.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response, request};
use http_body_util::{BodyExt as _, Full};
use liufang_platform::access::AccessTable;
use liufang_platform::mesh::{Bent, Between};
use liufang_platform::stack::{ServerStack, ServicePrincipal};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tower::ServiceExt as _;

use super::dice::Dice;

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    None,
    /// It never arrives.
    Lost,
    /// It is done, and the answer is lost.
    Unheard,
    /// It arrives late.
    Late,
    /// It arrives twice; the second answer is heard.
    Twice,
    /// The peer cannot be reached, for this call and some more of any method.
    Away,
}

const MISHAPS: [(usize, Mishap); 6] = [
    (66, Mishap::None),
    (9, Mishap::Lost),
    (9, Mishap::Unheard),
    (8, Mishap::Late),
    (5, Mishap::Twice),
    (3, Mishap::Away),
];

/// The wires between the roles of one installation; cheap to clone.
#[derive(Clone)]
pub struct Wire(Arc<Inner>);

struct Inner {
    seed: u64,
    bent: AtomicBool,
    /// Whether questions meet mishaps too. The simulation's own looks must see.
    questions: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Calls so far, by method.
    calls: BTreeMap<String, u64>,
    /// Calls that still find a role away.
    away: BTreeMap<&'static str, usize>,
    tally: BTreeMap<Mishap, usize>,
}

impl Wire {
    pub fn of(seed: u64) -> Wire {
        let (bent, questions) = (AtomicBool::new(true), AtomicBool::new(false));
        Wire(Arc::new(Inner { seed, bent, questions, state: Mutex::default() }))
    }

    pub fn between(&self) -> Between {
        let wire = self.clone();
        Arc::new(move |role, stack| {
            let wire = wire.clone();
            let call = move |request| wire.clone().carry(role, stack.clone(), request);
            Bent::new(tower::service_fn(call))
        })
    }

    /// Every call arrives from now on.
    pub fn is_well_again(&self) {
        self.0.bent.store(false, Ordering::SeqCst);
    }

    pub fn bend_questions(&self, bent: bool) {
        self.0.questions.store(bent, Ordering::SeqCst);
    }

    /// How often each mishap befell a call.
    pub fn tally(&self) -> BTreeMap<Mishap, usize> {
        self.state(|state| state.tally.clone())
    }

    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn carry(
        self,
        role: &'static str,
        stack: ServerStack,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, Status>> {
        Box::pin(async move {
            match self.mishap(role, &request) {
                (Mishap::None, _) => answered(stack, request).await,
                (Mishap::Late, mut dice) => {
                    tokio::time::sleep(Duration::from_millis(1 + dice.below(80) as u64)).await;
                    answered(stack, request).await
                }
                (Mishap::Lost | Mishap::Away, _) => Err(Status::unavailable("lost on the way")),
                (Mishap::Unheard, _) => {
                    answered(stack, request).await?;
                    Err(Status::unavailable("the answer is lost on the way"))
                }
                (Mishap::Twice, _) => {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    answered(stack.clone(), rebuild(&parts, body.clone())).await?;
                    answered(stack, rebuild(&parts, body)).await
                }
            }
        })
    }

    fn mishap(&self, role: &'static str, request: &Request<Body>) -> (Mishap, Dice) {
        let method = request.uri().path();
        let between_roles = request.extensions().get::<ServicePrincipal>().is_some() && role != "sandbox";
        let question = AccessTable::shared().get(method).is_some_and(|rule| !rule.write);
        let spared = question && !self.0.questions.load(Ordering::SeqCst);
        if !between_roles || spared || !self.0.bent.load(Ordering::SeqCst) {
            return (Mishap::None, Dice::of(0));
        }
        self.state(|state| {
            let calls = state.calls.entry(method.to_owned()).or_default();
            *calls += 1;
            let mut hasher = DefaultHasher::new();
            (self.0.seed, method, *calls).hash(&mut hasher);
            let mut dice = Dice::of(hasher.finish());
            let away = state.away.entry(role).or_default();
            let mishap = match *away {
                0 => dice.weighted(&MISHAPS),
                _ => Mishap::Away,
            };
            *away = match (mishap, *away) {
                // more than a caller's tries
                (Mishap::Away, 0) => 2 + dice.below(8),
                (_, left) => left.saturating_sub(1),
            };
            *state.tally.entry(mishap).or_default() += 1;
            (mishap, dice)
        })
    }
}

async fn answered(stack: ServerStack, request: Request<Body>) -> Result<Response<Body>, Status> {
    stack.oneshot(request).await.map_err(|never| match never {})
}

fn rebuild(parts: &request::Parts, body: Bytes) -> Request<Body> {
    Request::from_parts(parts.clone(), Body::new(Full::new(body)))
}
