//! Reported movements: one transaction for the batch, refused rows named, others taken.

use liufang_platform::{Begun, Call, Work};

use super::listings::unique;
use super::{App, Rows, institution, retrying, unreadable};
use crate::domain::book::{Book, Outcome, RowIds, RowReason};
use crate::domain::movement::Row;
use crate::domain::{RowRefusal, RowReport};
use crate::error::{InventoryError, row_doc};
use crate::store;

/// A batch of reported movements.
#[derive(Clone, Debug)]
pub struct RecordMovements {
    /// Empty: the caller's own.
    pub institution: String,
    pub rows: Rows<Row>,
}

impl App {
    /// Takes movements row by row, in their order. Replay-safe twice over: by the call's key and by each row's key.
    pub async fn record_movements(&self, call: Call<RecordMovements>) -> Result<RowReport, InventoryError> {
        retrying(|| self.try_record(&call)).await
    }

    async fn try_record(&self, call: &Call<RecordMovements>) -> Result<RowReport, InventoryError> {
        let institution = institution(&self.regions, &call.meta, &call.body.institution)?;
        let work = match self.db.begin::<RowReport>(&call.meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let mut book = load(&work, institution, &call.body.rows).await?;
        let mut report = RowReport::default();
        for (index, row) in call.body.rows.iter().enumerate() {
            let row = match row {
                Ok(row) => row,
                Err(violations) => {
                    report.refusals.push(unreadable(index, violations));
                    continue;
                }
            };
            let ids = RowIds { movement_id: self.ids.next("mov"), lot_id: self.ids.next("lot") };
            match book.apply(row, ids) {
                Ok(Outcome::Taken) => report.taken += 1,
                Ok(Outcome::Known) => report.known += 1,
                Err(reason) => report.refusals.push(refused(index, reason)),
            }
        }
        save(&work, &book).await?;
        Ok(work.commit(report).await?)
    }
}

async fn load(work: &Work, institution: &str, rows: &Rows<Row>) -> Result<Book, InventoryError> {
    let readable = || rows.iter().filter_map(|row| row.as_ref().ok());
    let drugs = unique(readable().map(|row| &row.med_list_codg));
    let keys = unique(readable().map(|row| &row.fixmedins_bchno));
    let codes = unique(readable().flat_map(|row| &row.trace_codes));
    let lots = match drugs.len() {
        0 => Vec::new(),
        _ => store::lot::of(work.tx(), institution, &drugs).await?,
    };
    Ok(Book::new(
        institution,
        store::drug::by_codes(work.tx(), &drugs).await?,
        lots,
        store::trace::by_codes(work.tx(), &codes).await?,
        store::movement::known(work.tx(), institution, &keys).await?,
    ))
}

async fn save(work: &Work, book: &Book) -> Result<(), InventoryError> {
    let tx = work.tx();
    let opened: Vec<_> =
        book.changed_lots().filter(|entry| entry.is_new).map(|entry| entry.lot.clone()).collect();
    if usize::try_from(store::lot::insert(tx, &opened).await?) != Ok(opened.len()) {
        return Err(InventoryError::lost_race());
    }
    let change = |entry: &crate::domain::book::LotEntry| store::lot::Change {
        lot_id: entry.lot.lot_id.clone(),
        on_hand: entry.delta,
        reserved: liufang_kernel::Quantity::ZERO,
    };
    let changes: Vec<_> = book.changed_lots().filter(|entry| !entry.is_new).map(change).collect();
    store::lot::change(tx, &changes).await?;
    store::trace::write(tx, &book.changed_codes().collect::<Vec<_>>()).await?;
    store::movement::insert(tx, book.movements()).await
}

fn refused(row: usize, reason: RowReason) -> RowRefusal {
    let doc = row_doc(reason);
    RowRefusal { row, reason: doc.reason.to_string(), message: doc.en.to_string() }
}
