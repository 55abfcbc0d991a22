//! Storing a change: order, steps, story and news in one transaction. The order's row comes first: its guarded update is
//! the lock, so two changes of one order never meet further in, and never wait for each other in a ring.

use liufang_platform::Work;

use super::{App, LEASE_SECONDS};
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
        self.save_order(work, order, change).await?;
        self.save_rest(work, order, was, change, operation).await
    }

    /// The order's row, with the numbers that the change's steps and story lines will have.
    pub(in crate::app) async fn save_order(
        &self,
        work: &Work,
        order: &mut Order,
        change: &Change,
    ) -> Result<(), OrderError> {
        let version = order.version;
        order.version += 1;
        order.steps += count(change.next.len());
        order.story += count(change.story.len());
        let written = orders::update(work.tx(), &self.deps.cipher, order, version).await?;
        if written { Ok(()) } else { Err(OrderError::Changed) }
    }

    /// Steps, story and news of a change whose order is written.
    pub(in crate::app) async fn save_rest(
        &self,
        work: &Work,
        order: &Order,
        was: State,
        change: &Change,
        operation: &str,
    ) -> Result<(), OrderError> {
        let (tx, cipher, now) = (work.tx(), &self.deps.cipher, self.now());
        journal::drop_open(tx, &order.id, change.drop).await?;
        let due = now.plus_seconds(LEASE_SECONDS);
        for (position, next) in (order.steps - count(change.next.len()) + 1..).zip(&change.next) {
            journal::append(tx, cipher, &order.id, position, next, operation, due).await?;
        }
        let mut told = was;
        for (sequence, note) in (order.story - count(change.story.len()) + 1..).zip(&change.story) {
            story::append(tx, &order.id, sequence, now, note).await?;
            if note.state != told && note.state.is_visible() {
                work.push(&events::changed(order, note.state, now), &order.id).await?;
            }
            told = note.state;
        }
        Ok(())
    }
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
