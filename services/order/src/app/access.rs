//! Whose order it is. Another's order is answered like one that does not exist.

use liufang_platform::{AuthFault, CallMeta, PrincipalKind};

use super::App;
use crate::domain::Order;
use crate::error::OrderError;
use crate::store::orders::{self, Owner};

fn may_see(meta: &CallMeta, order: &Order) -> bool {
    let principal = &meta.principal;
    let own = match principal.kind {
        PrincipalKind::Patient => order.person_id == principal.subject,
        PrincipalKind::Platform => !order.platform.is_empty() && order.platform == principal.subject,
        PrincipalKind::His | PrincipalKind::Pos => order.fixmedins_code == principal.subject,
        PrincipalKind::Service => true,
        _ => false,
    };
    own && order.state.is_visible()
}

/// Lets the order pass when the caller may see it.
pub fn check(meta: &CallMeta, order: Option<Order>) -> Result<Order, OrderError> {
    order.filter(|order| may_see(meta, order)).ok_or(OrderError::NotFound)
}

/// Whose orders the caller lists.
pub fn owner(meta: &CallMeta) -> Result<Owner, OrderError> {
    let subject = meta.principal.subject.clone();
    match meta.principal.kind {
        PrincipalKind::Patient => Ok(Owner::Person(subject)),
        PrincipalKind::Platform => Ok(Owner::Platform(subject)),
        PrincipalKind::His | PrincipalKind::Pos => Ok(Owner::Institution(subject)),
        _ => Err(AuthFault::NotAllowed.into()),
    }
}

impl App {
    /// The caller's own order.
    pub(super) async fn own(&self, meta: &CallMeta, id: &str) -> Result<Order, OrderError> {
        check(meta, orders::find(self.deps.db.read(), &self.deps.cipher, id).await?)
    }
}
