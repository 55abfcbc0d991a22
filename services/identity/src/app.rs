//! Use cases: one function per RPC. Each owns its unit of work; providers are asked before it begins, never inside.

pub mod acting;
pub mod authorities;
pub mod certificates;
pub mod counter;
pub mod erasure;
pub mod guardians;
pub mod history;
pub mod institutions;
pub mod machines;
pub mod mutual_aid;
pub mod open_checks;
pub mod persons;
pub mod phone;
pub mod practitioners;
pub mod presence;
pub mod relatives;
pub mod sessions;
pub mod sign_in;
pub mod tokens;
pub mod verification;

use liufang_kernel::Date;
use liufang_kernel::region::RegionPack;
use liufang_platform::{Begun, CallMeta, Deps, Principal, PrincipalKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::person::Insurance;
use crate::error::IdentityError;
use crate::store::vault::Vault;
use crate::wire::provider::Provider;
use crate::x509::Authorities;

/// The use cases; cheap to clone.
#[derive(Clone)]
pub struct App {
    deps: Deps,
    vault: Vault,
    provider: Provider,
    authorities: Authorities,
}

/// The reply of a use case that has nothing to say.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Done {}

/// A refused row of a batch. The message names fields, never their values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    pub row: i32,
    pub reason: String,
    pub message: String,
}

/// The reply of a batch import.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Imported {
    /// By row, where the batch makes ids; empty text where the row was refused.
    pub ids: Vec<String>,
    pub errors: Vec<RowProblem>,
}

impl App {
    pub fn new(deps: &Deps) -> App {
        App {
            deps: deps.clone(),
            vault: Vault::new(deps.cipher.clone()),
            provider: Provider::new(deps.peers.clone(), deps.ids, &deps.settings),
            authorities: authorities(deps),
        }
    }

    /// The region a person is insured in on `date`: the first of their rows that belongs to an installed pack.
    fn region_of(&self, insurances: &[Insurance], date: Date) -> Option<&RegionPack> {
        let mut here = insurances.iter().filter(|row| row.in_force(date));
        here.find_map(|row| self.deps.regions.of_place(&row.insured_place))
    }

    /// The stored reply of the same call, so that a repeat asks no provider again.
    async fn replayed<R: DeserializeOwned>(&self, meta: &CallMeta) -> Result<Option<R>, IdentityError> {
        match self.deps.db.begin::<R>(meta).await? {
            Begun::Replay(reply) => Ok(Some(reply)),
            Begun::Fresh(work) => {
                work.cancel().await?;
                Ok(None)
            }
        }
    }
}

/// The composition has looked before, so nothing is trusted where that says otherwise now.
fn authorities(deps: &Deps) -> Authorities {
    Authorities::load(&deps.settings).unwrap_or_else(|mistakes| {
        tracing::error!(mistakes = mistakes.join("; "), "no signing certificate is trusted");
        Authorities::default()
    })
}

impl RowProblem {
    fn new(row: i32, reason: &liufang_kernel::ReasonDoc, message: impl Into<String>) -> RowProblem {
        RowProblem { row, reason: reason.reason.to_string(), message: message.into() }
    }
}

/// The platform a session or a token belongs to; empty for the person's own app.
fn platform_of(principal: &Principal) -> &str {
    match principal.kind {
        PrincipalKind::Platform => &principal.subject,
        PrincipalKind::Patient => &principal.client,
        _ => "",
    }
}

/// Whether a caller that is bound to a region may write about it.
fn serves(principal: &Principal, region: &str) -> bool {
    principal.region.is_empty() || principal.region == region
}
