//! Reading orders and their story.

use liufang_kernel::Timestamp;
use liufang_platform::{Call, CallMeta, PrincipalKind};

use super::{App, View, access};
use crate::domain::{Kind, Order, State};
use crate::error::OrderError;
use crate::store::orders;
use crate::store::story::{self, Told};

/// Which orders of the caller.
#[derive(Clone, Debug)]
pub struct ListOrders {
    /// Empty: every one that may be seen.
    pub states: Vec<State>,
    pub size: u64,
    /// The last order of the page before.
    pub after: Option<(Timestamp, String)>,
}

/// A page of orders.
pub struct Page {
    pub orders: Vec<View>,
    /// The last order of this page, when more follow.
    pub next: Option<(Timestamp, String)>,
}

/// Which story, from where.
#[derive(Clone, Debug)]
pub struct Watch {
    pub order_id: String,
    pub after: i64,
    pub stop_at_end: bool,
}

/// An order that somebody follows.
pub struct Followed {
    pub kind: Kind,
    /// Its story has ended already.
    pub over: bool,
}

fn view(meta: &CallMeta, order: &Order) -> View {
    if meta.principal.is(PrincipalKind::Patient) { View::for_patient(order) } else { View::for_others(order) }
}

impl App {
    /// One order of the caller.
    pub async fn get(&self, call: Call<String>) -> Result<View, OrderError> {
        Ok(view(&call.meta, &self.own(&call.meta, &call.body).await?))
    }

    /// What still needs a person, before identity erases them; empty for nothing. An order needs whoever it is for until its
    /// story is over, and whoever lends for it: money may have to go back to both.
    pub async fn check_person_needed(&self, call: Call<String>) -> Result<&'static str, OrderError> {
        let open = orders::is_open_for(self.deps.db.read(), &call.body).await?;
        Ok(if open { "order_open" } else { "" })
    }

    /// The caller's orders, newest first.
    pub async fn list(&self, call: Call<ListOrders>) -> Result<Page, OrderError> {
        let (meta, body) = (&call.meta, &call.body);
        let visible = || State::ALL.into_iter().filter(|state| state.is_visible());
        let states = if body.states.is_empty() { visible().collect() } else { body.states.clone() };
        let (db, cipher) = (self.deps.db.read(), &self.deps.cipher);
        let owner = access::owner(meta)?;
        // one more than asked tells whether there is a next page
        let mut found = orders::list(db, cipher, &owner, &states, body.after.as_ref(), body.size + 1).await?;
        let size = usize::try_from(body.size).unwrap_or(usize::MAX);
        let more = size < found.len();
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let next = last.map(|order| (order.created_at, order.id.clone()));
        Ok(Page { orders: found.iter().map(|order| view(meta, order)).collect(), next })
    }

    /// Lets the caller follow the order.
    pub async fn watch(&self, call: &Call<Watch>) -> Result<Followed, OrderError> {
        let order = self.own(&call.meta, &call.body.order_id).await?;
        Ok(Followed { kind: order.kind, over: order.state.is_final() })
    }

    /// The next lines of a story.
    pub async fn story(&self, id: &str, kind: Kind, after: i64) -> Result<Vec<Told>, OrderError> {
        let mut told = story::after(self.deps.db.read(), id, after).await?;
        for line in &mut told {
            line.state = line.state.told_of(kind);
        }
        Ok(told)
    }
}
