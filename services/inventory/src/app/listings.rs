//! What institutions sell and ask (3301), with price history.

use std::collections::{HashMap, HashSet};

use liufang_platform::{Begun, Call, PrincipalKind};

use super::catalogue::distinct;
use super::{App, Rows};
use crate::domain::{Listing, RowRefusal, RowReport};
use crate::error::{InventoryError, NOT_YOURS_WORD};
use crate::{events, store};

/// Listings to publish.
pub type PublishListings = Rows<Listing>;

impl App {
    /// Takes listings row by row. A machine client speaks for its own institution only; drugs must be in the catalogue.
    pub async fn publish_listings(&self, call: Call<PublishListings>) -> Result<RowReport, InventoryError> {
        let work = match self.db.begin::<RowReport>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let mut report = RowReport::default();
        let key = |row: &Listing| format!("{}|{}", row.fixmedins_code, row.med_list_codg);
        let rows = distinct(call.body, key, &mut report);
        let principal = &call.meta.principal;
        let own = (!principal.is(PrincipalKind::Operator)).then_some(principal.subject.as_str());
        let codes: Vec<String> = unique(rows.iter().map(|(_, row)| &row.med_list_codg));
        let shops: Vec<String> = unique(rows.iter().map(|(_, row)| &row.fixmedins_code));
        let drugs = store::drug::by_codes(work.tx(), &codes).await?;
        let drugs: HashSet<String> = drugs.into_iter().map(|drug| drug.med_list_codg).collect();
        let before: HashMap<(String, String), Listing> = store::listing::of(work.tx(), &shops, &codes)
            .await?
            .into_iter()
            .map(|row| ((row.fixmedins_code.clone(), row.med_list_codg.clone()), row))
            .collect();
        let old = |row: &Listing| before.get(&(row.fixmedins_code.clone(), row.med_list_codg.clone()));

        let mut changed = Vec::new();
        for (index, row) in rows {
            if own.is_some_and(|own| own != row.fixmedins_code) {
                report.refusals.push(refusal(index, NOT_YOURS_WORD, "names another institution"));
            } else if !drugs.contains(&row.med_list_codg) {
                report.refusals.push(refusal(index, "DRUG_NOT_FOUND", "the catalogue has no such drug"));
            } else if old(&row) == Some(&row) {
                report.known += 1;
            } else {
                changed.push(row);
            }
        }
        let repriced: Vec<Listing> =
            changed.iter().filter(|row| old(row).is_none_or(|old| old.price != row.price)).cloned().collect();
        store::listing::upsert(work.tx(), &changed, call.meta.now).await?;
        store::listing::keep_prices(work.tx(), &repriced, call.meta.now).await?;
        for row in &repriced {
            let event = events::price_changed(row, old(row).map(|old| old.price), call.meta.now);
            work.push(&event, &key(row)).await?;
        }
        report.taken = changed.len();
        report.refusals.sort_by_key(|refusal| refusal.row);
        Ok(work.commit(report).await?)
    }
}

fn refusal(row: usize, reason: &str, message: &str) -> RowRefusal {
    RowRefusal { row, reason: reason.to_owned(), message: message.to_owned() }
}

/// Each value once.
pub(super) fn unique<'a>(values: impl Iterator<Item = &'a String>) -> Vec<String> {
    let set: std::collections::BTreeSet<&String> = values.collect();
    set.into_iter().cloned().collect()
}
