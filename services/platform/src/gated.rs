//! While a role's database cannot be used, its calls are refused at once instead of one by one after a time-out.

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tonic::service::Routes;

use crate::db::{DbFault, Gate};
use crate::status::to_status;

/// `routes`, answering `DATABASE_UNAVAILABLE` while `gate` is closed.
pub fn gated(routes: Routes, gate: Gate) -> Routes {
    let guard = from_fn(move |request: Request, next: Next| {
        let open = gate.is_open();
        async move {
            match open {
                true => next.run(request).await,
                false => to_status(&DbFault::Silent, None).into_http(),
            }
        }
    });
    Routes::from(routes.into_axum_router().layer(guard))
}
