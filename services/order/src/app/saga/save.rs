//! Storing a change: order, steps, story and news in one transaction.

use liufang_platform::Work;

use super::{App, GRACE_SECONDS};
use crate::domain::{Change, Order, State};
use crate::error::OrderError;
use crate::events;
use crate::store::{journal, orders, story};

impl App {
    /// Writes `order` as it was changed from state `was`.
    ///
    /// # Errors
    /// [`OrderError::Changed`] when somebody else wrote the order since it was read.
    pub(in crate::app) async fn save(
        &self,
        work: &Work,
        order: &mut Order,
        was: State,
        change: &Change,
        operation: &str,
    ) -> Result<(), OrderError> {
        let (tx, cipher, now) = (work.tx(), &self.deps.cipher, self.now());
        let version = order.version;
        order.version += 1;
        journal::drop_open(tx, &order.id, change.drop).await?;
        for next in &change.next {
            order.steps += 1;
            let due = now.plus_seconds(GRACE_SECONDS);
            journal::append(tx, cipher, &order.id, order.steps, next, operation, due).await?;
        }
        let mut told = was;
        for note in &change.story {
            order.story += 1;
            story::append(tx, &order.id, order.story, now, note).await?;
            if note.state != told && note.state.is_visible() {
                work.push(&events::changed(order, note.state, now), &order.id).await?;
            }
            told = note.state;
        }
        if !orders::update(tx, cipher, order, version).await? {
            return Err(OrderError::Changed);
        }
        Ok(())
    }
}
