//! Use cases: one async function per RPC, each owning its unit of work.
//!
//! Reads go through [`Db::read`]. Writes claim the idempotency key, decide with `domain`, change guarded rows, put events
//! into the outbox and commit once. No other role is called while a unit of work is open.

mod basket;
mod catalogue;
mod commit;
mod expire;
mod listings;
mod lots;
mod measure;
mod movements;
mod offers;
mod pharmacies;
mod reserve;
mod returns;

use std::sync::Arc;
use std::time::Duration;

use liufang_kernel::region::SchemeKind;
use liufang_kernel::{Date, Violations};
use liufang_platform::{AuthFault, Call, CallMeta, Db, Deps, Ids, PrincipalKind, Regions, Sweep};

use crate::domain::RowRefusal;
use crate::domain::parity::Policy;
use crate::error::{InventoryError, ROW_INVALID_WORD};
use crate::wire::peers::Neighbours;

pub use basket::PriceBasket;
pub use catalogue::SearchDrugs;
pub use commit::{Commit, Dispensed};
pub use listings::PublishListings;
pub use lots::{ListMovements, MovementPage, SetLotState, TraceStory};
pub use movements::RecordMovements;
pub use offers::{DrugOffer, OfferPage, SearchOffers};
pub use pharmacies::FindPharmacies;
pub use reserve::{Extend, Released, Reserve};
pub use returns::{ReturnSale, Returned};

/// Rows of a batch, each readable or with what is wrong with it.
pub type Rows<T> = Vec<Result<T, Violations>>;

/// A page of results and where the next one begins.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Empty at the end.
    pub next: String,
}

/// The use cases and what they need of the world; cheap to clone.
#[derive(Clone)]
pub struct App {
    db: Db,
    ids: Ids,
    regions: Arc<Regions>,
    neighbours: Neighbours,
    clock: liufang_platform::SharedClock,
    expiring: Sweep,
}

impl App {
    pub fn new(deps: &Deps) -> App {
        App {
            db: deps.db.clone(),
            ids: deps.ids,
            regions: deps.regions.clone(),
            neighbours: Neighbours::new(deps.peers.clone()),
            clock: deps.clock.clone(),
            expiring: Sweep::new("reservation cannot be ended", deps.clock.clone()),
        }
    }

    /// What the region asks of a pharmacy that fills a hospital's prescription; strict where it says nothing.
    fn policy(&self, region: &str, today: Date) -> Policy {
        let scheme = self.regions.get(region).and_then(|pack| pack.scheme(SchemeKind::ChronicRenewal, today));
        let rules = scheme.and_then(|scheme| scheme.chronic.as_ref());
        rules.map_or(Policy::STRICT, |rules| Policy { parity: rules.parity, ceiling: rules.price_ceiling })
    }
}

/// The institution a caller may read or write: its own for a HIS or POS, for everybody else the named one, within the
/// region the caller is bound to.
fn institution<'a>(regions: &Regions, meta: &'a CallMeta, named: &'a str) -> Result<&'a str, InventoryError> {
    let region = &meta.principal.region;
    let of_region = || {
        let pack = regions.of_place(named.get(1..7).unwrap_or_default());
        pack.is_some_and(|pack| pack.region.code == *region)
    };
    match meta.principal.kind {
        PrincipalKind::His | PrincipalKind::Pos => {
            let own = meta.principal.institution()?;
            if named.is_empty() || named == own { Ok(own) } else { Err(AuthFault::NotAllowed.into()) }
        }
        _ if named.is_empty() => Err(InventoryError::bad_field("fixmedins_code", "must name an institution")),
        _ if region.is_empty() || of_region() => Ok(named),
        _ => Err(AuthFault::NotAllowed.into()),
    }
}

/// A refused row of a batch.
fn unreadable(row: usize, violations: &Violations) -> RowRefusal {
    RowRefusal { row, reason: ROW_INVALID_WORD.to_owned(), message: violations.to_string() }
}

/// How often a use case that lost a race is tried again before the caller hears of it.
const RETRIES: u32 = 8;
/// Pause before the second try; later ones are longer.
const PAUSE: Duration = Duration::from_millis(2);

/// Runs a use case again from the start while it loses races for stock.
async fn retrying<T, F, S>(mut step: S) -> Result<T, InventoryError>
where
    S: FnMut() -> F,
    F: Future<Output = Result<T, InventoryError>>,
{
    for attempt in 1..RETRIES {
        match step().await {
            Err(error) if error.is_lost_race() => tokio::time::sleep(PAUSE * attempt).await,
            settled => return settled,
        }
    }
    step().await
}

/// China's date of a call.
fn today<T>(call: &Call<T>) -> Date {
    call.meta.now.china_date()
}
