//! How much of the year's benefit is used.

use super::CreateQuote;
use super::gather::Facts;
use crate::app::App;
use crate::domain::accumulate::{Addition, Scope};
use crate::domain::entitlement::{Entitlement, YearSoFar};
use crate::error::SettlementError;
use crate::store;
use crate::store::accumulator::Year;

impl App {
    /// The year so far of somebody with a benefit row, and the accumulators it was read from.
    pub(super) async fn year_so_far(
        &self,
        body: &CreateQuote,
        facts: &Facts<'_>,
        entitlement: &Entitlement<'_>,
    ) -> Result<(YearSoFar, Vec<(Scope, Addition)>), SettlementError> {
        let (Entitlement::Tiered { .. }, Some(cover)) = (entitlement, &facts.cover) else {
            return Ok((YearSoFar::default(), Vec::new()));
        };
        let of = Year { person_id: &body.person_id, year: facts.date.year(), insutype: &cover.insutype };
        let all = store::accumulator::read(self.db.read(), &self.cipher, of, &Scope::All).await?;
        let scope = Scope::Disease(body.dise_codg.clone());
        let disease = store::accumulator::read(self.db.read(), &self.cipher, of, &scope).await?;
        Ok((YearSoFar { all, disease }, vec![(Scope::All, all), (scope, disease)]))
    }
}
