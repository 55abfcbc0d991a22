//! Institutions and their agreements: import, notices, and the state on any date.

use liufang_kernel::Date;
use liufang_platform::rpc::Invalid;
use liufang_platform::{Begun, Call, CallMeta, Work};

use super::{App, Imported, RowProblem, serves};
use crate::domain::agreement::{AgreementEvent, AgreementState};
use crate::domain::institution::Institution;
use crate::error::IdentityError;
use crate::store::institution::Filter;
use crate::wire::Row;
use crate::wire::page::Page;
use crate::{reasons, store};

/// How many rows are read at once while a page is filled.
const BATCH: u64 = 200;

/// One change of a notice.
pub struct NoticeRow {
    pub fixmedins_code: String,
    pub event: AgreementEvent,
}

/// One institution on a date.
pub struct Get {
    pub fixmedins_code: String,
    pub date: Date,
}

/// A page of institutions on a date.
pub struct List {
    pub filter: Filter,
    pub date: Date,
    pub include_inactive: bool,
    pub page: Page,
}

/// An institution and its agreement on the asked date.
pub struct Dated {
    pub institution: Institution,
    pub state: AgreementState,
}

/// A page and the key of the next one.
pub struct Listed {
    pub institutions: Vec<Dated>,
    pub next: Option<String>,
}

impl Dated {
    fn on(institution: Institution, date: Date) -> Dated {
        Dated { state: institution.timeline.state_on(date), institution }
    }
}

impl App {
    /// Imports row by row; a row replaces the institution and, when it brings one, its timeline.
    pub async fn import_institutions(
        &self,
        call: Call<Vec<Row<Institution>>>,
    ) -> Result<Imported, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let mut imported = Imported::default();
        for (row, index) in body.into_iter().zip(0_i32..) {
            match row {
                Err(violations) => {
                    imported.errors.push(RowProblem::new(index, Invalid::reason(), violations.to_string()));
                }
                Ok(own) => imported.errors.extend(self.import_institution(&work, own, index, &meta).await?),
            }
        }
        Ok(work.commit(imported).await?)
    }

    async fn import_institution(
        &self,
        work: &Work,
        mut own: Institution,
        index: i32,
        meta: &CallMeta,
    ) -> Result<Option<RowProblem>, IdentityError> {
        if self.deps.regions.get(&own.region).is_none() {
            let message = "region: no pack of this region is installed";
            return Ok(Some(RowProblem::new(index, &reasons::REGION_UNKNOWN, message)));
        }
        if !serves(&meta.principal, &own.region) {
            let message = "region: not the caller's region";
            return Ok(Some(RowProblem::new(index, &reasons::OUTSIDE_REGION, message)));
        }
        let known = store::institution::find(work.tx(), &own.code).await?;
        if known.as_ref().is_some_and(|known| !serves(&meta.principal, &known.region)) {
            let message = "fixmedins_code: an institution of another region";
            return Ok(Some(RowProblem::new(index, &reasons::OUTSIDE_REGION, message)));
        }
        if own.timeline.events().is_empty()
            && let Some(known) = known
        {
            own.timeline = known.timeline;
        }
        store::institution::upsert(work.tx(), &own).await?;
        Ok(None)
    }

    /// Imports a notice of agreement changes; every row must fit its institution's whole timeline.
    pub async fn import_agreement_notice(
        &self,
        call: Call<Vec<Row<NoticeRow>>>,
    ) -> Result<Imported, IdentityError> {
        let Call { meta, body } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let mut imported = Imported::default();
        for (row, index) in body.into_iter().zip(0_i32..) {
            match row {
                Err(violations) => {
                    imported.errors.push(RowProblem::new(index, Invalid::reason(), violations.to_string()));
                }
                Ok(row) => imported.errors.extend(change_agreement(&work, row, index, &meta).await?),
            }
        }
        Ok(work.commit(imported).await?)
    }

    /// One institution with its agreement on a date.
    pub async fn get_institution(&self, call: Call<Get>) -> Result<Dated, IdentityError> {
        let found = store::institution::find(self.deps.db.read(), &call.body.fixmedins_code).await?;
        Ok(Dated::on(found.ok_or(IdentityError::InstitutionNotFound)?, call.body.date))
    }

    /// A page by code. Rows whose agreement is not active are left out unless asked for.
    pub async fn list_institutions(&self, call: Call<List>) -> Result<Listed, IdentityError> {
        let List { filter, date, include_inactive, page } = call.body;
        let mut after = page.after;
        let mut institutions: Vec<Dated> = Vec::new();
        loop {
            let batch =
                store::institution::list(self.deps.db.read(), &filter, after.as_deref(), BATCH).await?;
            let Some(last) = batch.last().map(|own| own.code.clone()) else { break };
            let dated = batch.into_iter().map(|own| Dated::on(own, date));
            institutions.extend(dated.filter(|own| include_inactive || own.state == AgreementState::Active));
            if institutions.len() > page.size {
                break;
            }
            after = Some(last);
        }
        let more = institutions.len() > page.size;
        institutions.truncate(page.size);
        let next = institutions.last().filter(|_| more).map(|own| own.institution.code.clone());
        Ok(Listed { institutions, next })
    }
}

async fn change_agreement(
    work: &Work,
    row: NoticeRow,
    index: i32,
    meta: &CallMeta,
) -> Result<Option<RowProblem>, IdentityError> {
    let Some(own) = store::institution::find(work.tx(), &row.fixmedins_code).await? else {
        let message = "fixmedins_code: no such institution";
        return Ok(Some(RowProblem::new(index, &reasons::INSTITUTION_NOT_FOUND, message)));
    };
    if !serves(&meta.principal, &own.region) {
        let message = "fixmedins_code: not of the caller's region";
        return Ok(Some(RowProblem::new(index, &reasons::OUTSIDE_REGION, message)));
    }
    match own.timeline.with(row.event) {
        Err(problem) => {
            Ok(Some(RowProblem::new(index, &reasons::AGREEMENT_OUT_OF_TURN, problem.to_string())))
        }
        Ok(timeline) => {
            store::institution::replace_timeline(work.tx(), &own.code, &timeline).await?;
            Ok(None)
        }
    }
}
