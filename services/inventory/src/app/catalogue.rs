//! The catalogue: import, look-up, search.

use std::collections::{HashMap, HashSet};

use liufang_kernel::Violations;
use liufang_platform::{Begun, Call};

use super::{App, Page, Rows, unreadable};
use crate::domain::{Drug, RowReport, RxFlag};
use crate::error::InventoryError;
use crate::store;

/// A search as asked.
#[derive(Clone, Debug)]
pub struct SearchDrugs {
    pub query: String,
    pub only_hi_mark: bool,
    pub rx_flag: Option<RxFlag>,
    /// Generic name and code of the last row seen.
    pub after: Option<(String, String)>,
    pub page_size: usize,
}

impl App {
    /// Takes catalogue rows; a row that says what is known already changes nothing.
    pub async fn import_drugs(&self, call: Call<Rows<Drug>>) -> Result<RowReport, InventoryError> {
        let work = match self.db.begin::<RowReport>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let mut report = RowReport::default();
        let drugs = distinct(call.body, |drug| drug.med_list_codg.clone(), &mut report);
        let codes: Vec<String> = drugs.iter().map(|(_, drug)| drug.med_list_codg.clone()).collect();
        let known = store::drug::by_codes(work.tx(), &codes).await?;
        let known: HashMap<&str, &Drug> =
            known.iter().map(|drug| (drug.med_list_codg.as_str(), drug)).collect();
        let is_known = |drug: &Drug| known.get(drug.med_list_codg.as_str()) == Some(&drug);
        let changed: Vec<Drug> =
            drugs.iter().filter(|(_, drug)| !is_known(drug)).map(|(_, drug)| drug.clone()).collect();
        store::drug::upsert(work.tx(), &changed, call.meta.now).await?;
        report.taken = changed.len();
        report.known = drugs.len() - changed.len();
        Ok(work.commit(report).await?)
    }

    /// One drug.
    pub async fn get_drug(&self, call: Call<String>) -> Result<Drug, InventoryError> {
        let found = store::drug::by_codes(self.db.read(), std::slice::from_ref(&call.body)).await?;
        found.into_iter().next().ok_or(InventoryError::DrugNotFound { med_list_codg: call.body })
    }

    /// The known ones of several.
    pub async fn batch_get_drugs(&self, call: Call<Vec<String>>) -> Result<Vec<Drug>, InventoryError> {
        store::drug::by_codes(self.db.read(), &call.body).await
    }

    /// Drugs by name, maker or code.
    pub async fn search_drugs(&self, call: Call<SearchDrugs>) -> Result<Page<Drug>, InventoryError> {
        let ask = call.body;
        let search = store::drug::Search {
            query: ask.query,
            only_hi_mark: ask.only_hi_mark,
            rx_flag: ask.rx_flag,
            after: ask.after,
            limit: ask.page_size as u64 + 1,
        };
        let mut items = store::drug::search(self.db.read(), &search).await?;
        let more = ask.page_size < items.len();
        items.truncate(ask.page_size);
        let next = items.last().filter(|_| more);
        let next =
            next.map(|drug| format!("{}|{}", drug.med_list_codg, drug.generic_name)).unwrap_or_default();
        Ok(Page { items, next })
    }
}

/// Readable rows with their index; unreadable ones and repeated keys are noted in the report.
pub(super) fn distinct<T>(
    rows: Rows<T>,
    key: impl Fn(&T) -> String,
    report: &mut RowReport,
) -> Vec<(usize, T)> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        match row {
            Ok(row) if seen.insert(key(&row)) => kept.push((index, row)),
            Ok(_) => {
                report.refusals.push(unreadable(index, &Violations::of("", "is named twice in this batch")))
            }
            Err(violations) => report.refusals.push(unreadable(index, &violations)),
        }
    }
    kept
}
