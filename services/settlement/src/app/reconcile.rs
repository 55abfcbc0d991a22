//! Our books against the institution's: totals of a period (3201) and details (3202).

use std::collections::{BTreeMap, BTreeSet};

use liufang_kernel::Timestamp;
use liufang_kernel::timestamp::{date_text, parse_date};
use liufang_platform::{Begun, Call, Principal, Work};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::claim::{self, DayTotals, TotalKey};
use crate::domain::reconcile::{Difference, Kind, Line, OutOfOrder, reconcile};
use crate::error::{Refusal, SettlementError};
use crate::store;
use crate::store::reconcile::{DetailAmounts, DetailFile, DetailKey, DetailRow};

/// How long a file of details is kept.
const KEPT_DAYS: i64 = 7;
/// Differences read at once.
const PAGE: i64 = 200;

/// The institution's totals of a period.
#[derive(Clone, Debug)]
pub struct CompareTotals {
    /// First and last.
    pub days: (String, String),
    pub totals: DayTotals,
}

/// How one key compares.
#[derive(Clone, Debug)]
pub struct TotalResult {
    pub key: TotalKey,
    /// None: flat.
    pub differences: Vec<String>,
}

/// A part of a file of details.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Empty: a new file.
    pub file: String,
    /// First and last day, of a new file.
    pub days: (String, String),
    pub rows: Vec<DetailRow>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Uploaded {
    pub file: String,
    /// So far.
    pub rows: i64,
}

/// What came of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    pub agreed: i64,
    pub centre_more: i64,
    pub institution_more: i64,
    pub amounts_differ: i64,
    pub expires_at: Timestamp,
}

impl Comparison {
    fn of(counts: [i64; 4], expires_at: Timestamp) -> Comparison {
        let [agreed, centre_more, institution_more, amounts_differ] = counts;
        Comparison { agreed, centre_more, institution_more, amounts_differ, expires_at }
    }
}

/// A difference with the number of the insurer's.
pub type Told = (String, Difference<DetailKey, DetailAmounts>);

impl App {
    /// Compares totals key by key.
    pub async fn compare_totals(
        &self,
        call: Call<CompareTotals>,
    ) -> Result<Vec<TotalResult>, SettlementError> {
        let institution = call.meta.principal.institution()?;
        let CompareTotals { days: (begin, end), totals: theirs } = call.body;
        let ours = store::receivable::totals(self.db.read(), institution, (&begin, &end)).await?;
        let keys: BTreeSet<&TotalKey> = ours.keys().chain(theirs.keys()).collect();
        let only = |totals: &DayTotals, key: &TotalKey| {
            totals.get(key).map(|amounts| (key.clone(), *amounts)).into_iter().collect::<DayTotals>()
        };
        let result = |key: &TotalKey| TotalResult {
            key: key.clone(),
            differences: claim::differences(&only(&ours, key), &only(&theirs, key)),
        };
        Ok(keys.into_iter().map(result).collect())
    }

    /// Takes a part of a file.
    pub async fn upload_details(&self, call: Call<Upload>) -> Result<Uploaded, SettlementError> {
        let Call { meta, body } = call;
        let institution = meta.principal.institution()?.to_owned();
        let work = match self.db.begin::<Uploaded>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let file = if body.file.is_empty() {
            let file = self.ids.next("fil");
            let days = (body.days.0.as_str(), body.days.1.as_str());
            store::reconcile::forget(work.tx(), &institution, meta.now).await?;
            let kept = meta.now.plus_days(KEPT_DAYS);
            store::reconcile::open(work.tx(), (&file, &institution), days, kept).await?;
            file
        } else {
            let found = own_file(&work, &meta.principal, &body.file, meta.now).await?;
            if found.compared {
                return Err(Refusal::DetailFileCompared.into());
            }
            body.file
        };
        let rows = store::reconcile::add(work.tx(), &file, &body.rows).await?;
        let rows = rows.ok_or(Refusal::DetailRowRepeated)?;
        Ok(work.commit(Uploaded { file, rows }).await?)
    }

    /// Compares a file with our rows of its days and keeps what was found.
    pub async fn compare_details(&self, call: Call<String>) -> Result<Comparison, SettlementError> {
        let Call { meta, body: file } = call;
        let work = match self.db.begin::<Comparison>(&meta).await? {
            Begun::Fresh(work) => work,
            Begun::Replay(reply) => return Ok(reply),
        };
        let found = own_file(&work, &meta.principal, &file, meta.now).await?;
        if found.compared {
            return Ok(work.commit(Comparison::of(found.counts, found.expires_at)).await?);
        }
        let theirs = store::reconcile::lines(work.tx(), &file).await?;
        let mut ours = Vec::new();
        for day in days(&found)? {
            ours.extend(store::reconcile::ours(work.tx(), &found.fixmedins_code, &day).await?);
        }
        let (counts, rows) = compare(theirs, ours)?;
        store::reconcile::keep(work.tx(), &file, counts, &rows).await?;
        Ok(work.commit(Comparison::of(counts, found.expires_at)).await?)
    }

    /// Whether the differences of a file can be read.
    pub async fn compared_file(&self, call: &Call<String>) -> Result<(), SettlementError> {
        let found = store::reconcile::find(self.db.read(), &call.body).await?;
        match own(found, &call.meta.principal, call.meta.now)?.compared {
            true => Ok(()),
            false => Err(Refusal::DetailFileNotCompared.into()),
        }
    }

    /// The next differences of a compared file.
    pub async fn differences(&self, file: &str, after: i64) -> Result<Vec<(i64, Told)>, SettlementError> {
        let rows = store::reconcile::results(self.db.read(), file, after, PAGE).await?;
        Ok(rows.into_iter().map(|(line, setl_id, row)| (line, (setl_id, row))).collect())
    }
}

/// Agreed, 101, 102 and 103, and every difference by key.
fn compare(theirs: Vec<DetailRow>, ours: Vec<DetailRow>) -> Result<([i64; 4], Vec<Told>), SettlementError> {
    let mut numbers: BTreeMap<DetailKey, String> = BTreeMap::new();
    for row in theirs.iter().chain(&ours) {
        numbers.insert(row.line.key.clone(), row.setl_id.clone());
    }
    let own = sorted(ours).into_iter();
    let institution = sorted(theirs).into_iter();
    let none = None::<std::vec::IntoIter<Line<DetailKey, DetailAmounts>>>;
    let unsorted = |OutOfOrder(_)| SettlementError::Stored("message id of a settlement");
    let outcome = reconcile(none, own, Some(institution)).map_err(unsorted)?;
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let of = |kind| count(outcome.count(kind));
    let counts =
        [count(outcome.agreed), of(Kind::OwnHasMore), of(Kind::OtherHasMore), of(Kind::AmountsDiffer)];
    let told =
        |row: Difference<DetailKey, DetailAmounts>| (numbers.get(&row.key).cloned().unwrap_or_default(), row);
    Ok((counts, outcome.differences.into_iter().map(told).collect()))
}

/// In the order of the keys; the databases order text each in its own way.
fn sorted(rows: Vec<DetailRow>) -> Vec<Line<DetailKey, DetailAmounts>> {
    let mut lines: Vec<_> = rows.into_iter().map(|row| row.line).collect();
    lines.sort_by(|one, other| one.key.cmp(&other.key));
    lines
}

fn days(file: &DetailFile) -> Result<Vec<String>, SettlementError> {
    let (begin, end) = (parse_date(&file.begin), parse_date(&file.end));
    let (Some(mut day), Some(end)) = (begin, end) else { return Err(SettlementError::Stored("period")) };
    let mut days = Vec::new();
    while day <= end {
        days.push(date_text(day));
        day = day.next_day().ok_or(SettlementError::Stored("calendar"))?;
    }
    Ok(days)
}

async fn own_file(
    work: &Work,
    principal: &Principal,
    file: &str,
    now: Timestamp,
) -> Result<DetailFile, SettlementError> {
    own(store::reconcile::find(work.tx(), file).await?, principal, now)
}

/// Another institution's file does not exist for the caller, and neither does one that has expired.
fn own(
    found: Option<DetailFile>,
    principal: &Principal,
    now: Timestamp,
) -> Result<DetailFile, SettlementError> {
    let institution = principal.institution()?;
    let mine = found.filter(|file| file.fixmedins_code == institution && now < file.expires_at);
    mine.ok_or_else(|| Refusal::DetailFileNotFound.into())
}
