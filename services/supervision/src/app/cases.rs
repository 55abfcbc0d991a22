//! What supervisors do with cases, and the fund view. A caller bound to a region sees that region only.

use liufang_platform::{Begun, Call, DbFault, Principal};

use super::App;
use crate::domain::case::{self, State};
use crate::domain::fund::Row;
use crate::error::SupervisionError;
use crate::store;
use crate::store::cases::{Case, Filter};
use crate::store::fund::Span;

/// A page of cases.
#[derive(Clone, Debug)]
pub struct ListCases {
    pub state: Option<State>,
    /// Empty: all.
    pub fixmedins_code: String,
    /// Continue after this case (opened at, id).
    pub before: Option<(i64, String)>,
    pub page_size: i64,
}

/// Cases, and where the next page begins.
pub struct Page {
    pub cases: Vec<Case>,
    pub next: Option<(i64, String)>,
}

/// A span of days.
#[derive(Clone, Debug)]
pub struct FundView {
    pub from: String,
    /// Inclusive.
    pub to: String,
    /// Empty: all.
    pub fixmedins_code: String,
}

impl App {
    /// How many cases of a trace code sold twice are not closed; for the metrics.
    pub async fn open_resales(&self) -> Result<i64, SupervisionError> {
        Ok(store::cases::open_of(self.db.read(), case::Kind::TraceCodeResold).await?)
    }

    /// Cases, newest first.
    pub async fn list_cases(&self, call: Call<ListCases>) -> Result<Page, SupervisionError> {
        let Call { meta, body } = call;
        let filter = Filter {
            region: &meta.principal.region,
            state: body.state,
            fixmedins_code: &body.fixmedins_code,
            before: body.before,
            limit: body.page_size + 1,
        };
        let mut cases = store::cases::list(self.db.read(), filter).await?;
        let size = usize::try_from(body.page_size).unwrap_or(usize::MAX);
        let more = cases.len() > size;
        cases.truncate(size);
        let last = cases.last().filter(|_| more).map(|case| (case.opened_at.0, case.case_id.clone()));
        Ok(Page { cases, next: last })
    }

    pub async fn get_case(&self, call: Call<String>) -> Result<Case, SupervisionError> {
        visible(&call.meta.principal, store::cases::find(self.db.read(), &call.body).await?)
    }

    /// Sends an inspection.
    pub async fn start_inspection(&self, call: Call<String>) -> Result<Case, SupervisionError> {
        let work = match self.db.begin::<Case>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(case) => return Ok(case),
        };
        let found = visible(&call.meta.principal, store::cases::find(work.tx(), &call.body).await?)?;
        let state = case::inspect(found.state).map_err(|_| SupervisionError::Closed)?;
        if !store::cases::move_on(work.tx(), &found, state, "").await? {
            return Err(DbFault::LostRace.into());
        }
        Ok(work.commit(Case { state, ..found }).await?)
    }

    /// Closes a case with its outcome.
    pub async fn close_case(&self, call: Call<(String, String)>) -> Result<Case, SupervisionError> {
        let (case_id, outcome) = call.body;
        let work = match self.db.begin::<Case>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(case) => return Ok(case),
        };
        let found = visible(&call.meta.principal, store::cases::find(work.tx(), &case_id).await?)?;
        let state =
            case::close(found.state, &found.outcome, &outcome).map_err(|_| SupervisionError::Closed)?;
        if !store::cases::move_on(work.tx(), &found, state, &outcome).await? {
            return Err(DbFault::LostRace.into());
        }
        Ok(work.commit(Case { state, outcome, ..found }).await?)
    }

    /// Totals by day and institution.
    pub async fn fund_view(&self, call: Call<FundView>) -> Result<Vec<Row>, SupervisionError> {
        let FundView { from, to, fixmedins_code } = &call.body;
        let region = &call.meta.principal.region;
        Ok(store::fund::view(self.db.read(), Span { from, to, fixmedins_code, region }).await?)
    }
}

fn visible(principal: &Principal, case: Option<Case>) -> Result<Case, SupervisionError> {
    case.filter(|case| principal.region.is_empty() || case.region == principal.region)
        .ok_or(SupervisionError::NotFound)
}
