//! The bus carries published events to consumers, at least once, in this process or through Redis streams.

mod local;
mod redis;

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use liufang_kernel::{Class, Fault, Timestamp};
use prost::{Message, Name};

use crate::metrics;

pub use local::LocalBus;
pub use redis::{Choice, DeadLetter, Dropped, Pace, RedisBus, RedisOptions};

/// A published event.
#[derive(Clone, PartialEq)]
pub struct Event {
    pub id: String,
    /// Full protobuf name of the payload.
    pub topic: String,
    /// Id of the aggregate.
    pub key: String,
    pub payload: Vec<u8>,
    pub traceparent: String,
    pub at: Timestamp,
}

// the payload stays out of logs
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("id", &self.id).field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// Why an event was not delivered. Carries no payload.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct BusError {
    text: String,
    /// Something is away for the moment; the event itself may be good.
    transient: bool,
}

impl BusError {
    pub fn permanent(text: impl Into<String>) -> BusError {
        BusError { text: text.into(), transient: false }
    }

    pub fn transient(text: impl Into<String>) -> BusError {
        BusError { text: text.into(), transient: true }
    }

    pub fn is_transient(&self) -> bool {
        self.transient
    }
}

/// Which memory of the carrier has an event. See [`crate::db::outbox`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epoch {
    /// Changes when the carrier lost everything.
    pub id: String,
    /// Changes when the carrier's process was replaced: nobody knows which events it lost. Empty when it is not known.
    pub run: String,
}

impl Epoch {
    /// As it stands beside what this memory was given.
    pub(crate) fn mark(&self) -> String {
        format!("{}/{}", self.id, self.run)
    }
}

/// Publishes events.
#[async_trait::async_trait]
pub trait Bus: Send + Sync + 'static {
    async fn publish(&self, event: &Event) -> Result<(), BusError>;

    /// Whether another server carries the events: it may be away as a whole.
    fn is_remote(&self) -> bool {
        false
    }

    /// Whether published events must be kept, to be published again when the carrier has lost them.
    fn may_forget(&self) -> bool {
        false
    }

    /// The carrier's present memory; fails when the carrier is away.
    async fn epoch(&self) -> Result<Epoch, BusError> {
        Ok(Epoch::default())
    }
}

tokio::task_local! {
    /// Whether the delivery that is being handled was one of an event handled before.
    static REPEATED: Cell<bool>;
}

/// Told by the inbox: this consumer has handled the event before.
pub(crate) fn note_repeated() {
    // consumers that are called without a delivery have nobody to tell
    let _ = REPEATED.try_with(|repeated| repeated.set(true));
}

type Handled = Pin<Box<dyn Future<Output = Result<(), BusError>> + Send>>;

fn fault_error(fault: &dyn Fault) -> BusError {
    let doc = fault.doc();
    BusError {
        text: format!("{}: {fault}", doc.reason),
        // a credential of ours that is not accepted says nothing about the event: certificates and keys are renewed
        transient: matches!(
            doc.class,
            Class::Unavailable | Class::Deadline | Class::Exhausted | Class::Aborted | Class::Unauthenticated
        ),
    }
}

/// A named consumer of one topic.
#[derive(Clone)]
pub struct Consumer {
    pub name: &'static str,
    pub topic: String,
    pub(crate) role: &'static str,
    handle: Arc<dyn Fn(Event) -> Handled + Send + Sync>,
}

impl Consumer {
    /// A consumer of events of type `M`. The handler runs at least once per event; [`crate::Db::begin_event`] makes its
    /// effect happen once.
    pub fn new<M, H, F, E>(name: &'static str, handler: H) -> Consumer
    where
        M: Message + Name + Default + 'static,
        H: Fn(Event, M) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Fault,
    {
        let handler = Arc::new(handler);
        let handle = move |event: Event| -> Handled {
            let handler = handler.clone();
            Box::pin(async move {
                let body = M::decode(event.payload.as_slice())
                    .map_err(|_| BusError::permanent("cannot be decoded"))?;
                let result = handler(event, body).await;
                result.map_err(|fault| fault_error(&fault))
            })
        };
        Consumer { name, topic: M::full_name(), role: "", handle: Arc::new(handle) }
    }

    /// The role it works for, in the metrics.
    #[must_use]
    pub fn of(mut self, role: &'static str) -> Consumer {
        metrics::consumer(role, self.name);
        self.role = role;
        self
    }

    /// Handles one delivery, inside the trace the event was published in.
    pub async fn deliver(&self, event: Event) -> Result<(), BusError> {
        use tracing::Instrument as _;
        let span = tracing::info_span!(
            "consume",
            consumer = self.name,
            topic = self.topic,
            event = event.id,
            otel.kind = "consumer"
        );
        crate::stack::set_parent(&span, &event.traceparent);
        let handled = async {
            let result = (self.handle)(event).await;
            (result, REPEATED.with(Cell::get))
        };
        let (result, repeated) = REPEATED.scope(Cell::new(false), handled).instrument(span).await;
        metrics::bus_handled(self.role, self.name, result.is_ok().then_some(!repeated));
        result
    }
}
