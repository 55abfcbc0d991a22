//! The patient collects at the counter with the code.

use liufang_kernel::Sensitive;
use liufang_platform::{Begun, Call, Work, hash};

use super::{App, View, access};
use crate::domain::{Guess, Operation, Order, collect, guess, permit};
use crate::error::OrderError;
use crate::store::orders;

/// The code the patient shows.
#[derive(Clone)]
pub struct Collect {
    pub order_id: String,
    pub code: Sensitive<String>,
}

impl App {
    /// Hands the goods over against the code. Wrong codes are counted although the call is refused.
    pub async fn collect(&self, call: Call<Collect>) -> Result<View, OrderError> {
        let work = match self.deps.db.begin::<View>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(view) => return Ok(view),
        };
        let order = orders::find(work.tx(), &self.deps.cipher, &call.body.order_id).await?;
        let mut order = access::check(&call.meta, order)?;
        permit(&order, Operation::Collect)?;
        let was = order.state;
        // both sides become digests of one length: the comparison tells nothing by time
        let digest = |code: &str| self.deps.cipher.blind("purchase_order.collection_code", code);
        let matches =
            hash::same_secret(&digest(call.body.code.reveal()), &digest(order.collection_code.reveal()));
        match guess(&mut order, matches, call.meta.now)? {
            Guess::Right => {
                let change = collect(&mut order);
                self.save(&work, &mut order, was, &change, "").await?;
                Ok(work.commit(View::for_others(&order)).await?)
            }
            Guess::Wrong(refusal) => {
                self.count(work, order).await?;
                Err(refusal.into())
            }
        }
    }

    /// Keeps the count in a transaction of its own: the refused call leaves no key behind.
    async fn count(&self, claimed: Work, mut order: Order) -> Result<(), OrderError> {
        claimed.cancel().await?;
        let work = self.deps.db.begin_step().await?;
        let version = order.version;
        order.version += 1;
        if !orders::update(work.tx(), &self.deps.cipher, &order, version).await? {
            return Err(OrderError::Changed);
        }
        Ok(work.done().await?)
    }
}
