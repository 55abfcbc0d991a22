//! The bus inside one process.

use std::sync::{Arc, OnceLock};

use super::{Bus, BusError, Consumer, Event};

/// Delivers to the consumers of this process. Consumers are set once, after every service was built.
#[derive(Clone, Default)]
pub struct LocalBus {
    consumers: Arc<OnceLock<Vec<Consumer>>>,
}

impl LocalBus {
    /// Sets the consumers; later calls change nothing.
    pub fn attach(&self, consumers: Vec<Consumer>) {
        // a second composition in the same process would be a mistake of the caller, not a reason to stop
        let _ = self.consumers.set(consumers);
    }
}

#[async_trait::async_trait]
impl Bus for LocalBus {
    /// Delivers to every consumer of the topic; one failure keeps the event in the outbox for all, and the inbox makes the
    /// repeat harmless for those that had succeeded.
    async fn publish(&self, event: &Event) -> Result<(), BusError> {
        let consumers =
            self.consumers.get().ok_or_else(|| BusError::transient("the bus is not attached yet"))?;
        let mut failed = None;
        for consumer in consumers.iter().filter(|consumer| consumer.topic == event.topic) {
            if let Err(error) = consumer.deliver(event.clone()).await {
                let text = format!("{}: {error}", consumer.name);
                failed = Some(BusError { text, transient: error.is_transient() });
            }
        }
        failed.map_or(Ok(()), Err)
    }
}
