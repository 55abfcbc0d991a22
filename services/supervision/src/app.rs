//! Use cases of supervision.

mod cases;
mod watch;

pub use cases::{FundView, ListCases, Page};
pub use watch::{Dispensed, PriceNews, Resold, Sold};

use std::sync::Arc;

use liufang_kernel::Timestamp;
use liufang_platform::{Db, Deps, Ids, Peers, Regions, Work};

use crate::domain::case::Finding;
use crate::error::SupervisionError;
use crate::store;

/// Supervision.
#[derive(Clone)]
pub struct App {
    db: Db,
    peers: Peers,
    ids: Ids,
    regions: Arc<Regions>,
}

impl App {
    pub fn new(deps: &Deps) -> App {
        App { db: deps.db.clone(), peers: deps.peers.clone(), ids: deps.ids, regions: deps.regions.clone() }
    }

    /// The region pack an institution's district belongs to; its own district code where none is known.
    fn region_of(&self, fixmedins_code: &str) -> String {
        let district = fixmedins_code.get(1..7).unwrap_or_default();
        let pack = self.regions.of_place(district);
        pack.map_or_else(|| district.to_owned(), |pack| pack.region.code.clone())
    }

    async fn report(&self, work: &Work, finding: &Finding, at: Timestamp) -> Result<(), SupervisionError> {
        let region = self.region_of(&finding.fixmedins_code);
        let case_id = self.ids.next("case");
        tracing::info!(rule = finding.rule, kind = finding.kind.word(), "finding");
        Ok(store::cases::open_or_join(work.tx(), case_id, finding, &region, at).await?)
    }
}
