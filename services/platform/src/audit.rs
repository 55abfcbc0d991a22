//! What an audit is made of: a look at each database, checks whose every row is a difference, and what they found.
//!
//! The checks belong to the services ([`Audit`]); which order agrees with whom belongs to the order service. Nothing here
//! changes anything. A difference names ids and amounts, never what is personal.

mod finding;

use liufang_kernel::Fault;

use crate::db::{DbFault, Snapshot};

pub use finding::{Difference, Field, Findings};

/// Why an audit could not look.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    #[error("{}", .0.cause())]
    Db(DbFault),
    #[error("{0} migrations are pending")]
    Pending(usize),
    #[error("{0}")]
    Other(String),
}

impl From<DbFault> for AuditFault {
    fn from(fault: DbFault) -> AuditFault {
        AuditFault::Db(fault)
    }
}

impl AuditFault {
    /// A fault of a service.
    pub fn of(fault: &impl Fault) -> AuditFault {
        AuditFault::Other(format!("{}: {fault}", fault.doc().reason))
    }
}

/// What a service knows of an order, for those who compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub order_id: String,
    /// `payment`, `reservation`, …
    pub what: &'static str,
    pub id: String,
    /// The service's own word.
    pub state: String,
    /// Money it is about; 0 for none.
    pub fen: i64,
}

/// What a service can say in an audit.
#[async_trait::async_trait]
pub trait Audit: Send + Sync {
    /// Names everything in this database that does not agree with itself.
    async fn check(&self, look: &Snapshot, found: &mut Findings) -> Result<(), AuditFault>;

    /// Ids of the orders it knows of, in the database's order, after one of them (empty: from the first).
    async fn orders(&self, _: &Snapshot, _after: &str, _limit: u64) -> Result<Vec<String>, AuditFault> {
        Ok(Vec::new())
    }

    /// What it knows of these orders.
    async fn parts(&self, _: &Snapshot, _orders: &[String]) -> Result<Vec<Part>, AuditFault> {
        Ok(Vec::new())
    }
}

/// A query whose every row is a difference.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The difference's name, SCREAMING_SNAKE.
    pub kind: &'static str,
    /// Columns of text that name what differs.
    pub ids: &'static [&'static str],
    /// Columns of 64 bits: amounts, quantities, sequences.
    pub numbers: &'static [&'static str],
    pub sql: &'static str,
}

/// Rows of one check that are read; nobody works through more by hand.
const MOST: u64 = 1_000;

/// Runs checks.
///
/// # Errors
/// The database did not answer, or a query does not fit its tables.
pub async fn run(look: &Snapshot, checks: &[Check], found: &mut Findings) -> Result<(), AuditFault> {
    for check in checks {
        for row in look.rows(&format!("{} LIMIT {MOST}", check.sql), Vec::new()).await? {
            let mut difference = Difference::new(check.kind);
            for column in check.ids {
                let text: String = row.try_get("", column).map_err(DbFault::from)?;
                difference = difference.with(column, text);
            }
            for column in check.numbers {
                let number: i64 = row.try_get("", column).map_err(DbFault::from)?;
                difference = difference.with(column, number);
            }
            found.push(difference);
        }
    }
    Ok(())
}

/// Ids of one column, for [`Audit::orders`]: `sql` takes the id to begin after and the number of rows.
///
/// # Errors
/// The database did not answer.
pub async fn ids(look: &Snapshot, sql: &str, after: &str, limit: u64) -> Result<Vec<String>, AuditFault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = look.rows(sql, vec![after.into(), limit.into()]).await?;
    let read = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(0).map_err(DbFault::from);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Parts by order, for [`Audit::parts`]: `sql` answers order_id, id, state and fen, with `{orders}` where the list of
/// orders stands.
///
/// # Errors
/// The database did not answer.
pub async fn parts(
    look: &Snapshot,
    what: &'static str,
    sql: &str,
    orders: &[String],
) -> Result<Vec<Part>, AuditFault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (1..=orders.len()).map(|n| format!("${n}")).collect();
    let sql = sql.replace("{orders}", &places.join(", "));
    let mut parts = Vec::new();
    for row in look.rows(&sql, orders.iter().map(|id| id.clone().into()).collect()).await? {
        let text = |column: &str| row.try_get::<String>("", column).map_err(DbFault::from);
        parts.push(Part {
            order_id: text("order_id")?,
            what,
            id: text("id")?,
            state: text("state")?,
            fen: row.try_get("", "fen").map_err(DbFault::from)?,
        });
    }
    Ok(parts)
}

/// Events that wait to be published, oldest first: id and topic.
///
/// # Errors
/// The database did not answer.
pub async fn waiting_events(look: &Snapshot) -> Result<Vec<(String, String)>, AuditFault> {
    let sql = format!("SELECT id, topic FROM outbox WHERE published_at_us = 0 ORDER BY id LIMIT {MOST}");
    let mut waiting = Vec::new();
    for row in look.rows(&sql, Vec::new()).await? {
        let text = |column: &str| row.try_get::<String>("", column).map_err(DbFault::from);
        waiting.push((text("id")?, text("topic")?));
    }
    Ok(waiting)
}
