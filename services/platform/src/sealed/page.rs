//! A page of rows: what another key than the present sealed is sealed anew, each row by itself, so that no call waits behind
//! more than one of them.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use super::SealedTable;
use crate::cipher::{KeyVersion, version_of};
use crate::db::{Db, DbFault};

const ROWS: u64 = 200;

/// What a page had.
pub(super) struct Walked {
    /// Versions of texts that were not the present key's.
    pub met: BTreeSet<KeyVersion>,
    /// Where the next page begins; none at the end of the table.
    pub next: Option<String>,
}

/// A row with texts of other keys; text of the present key stands as empty.
struct Row {
    key: String,
    texts: Vec<String>,
}

/// Seals what another key sealed, in rows after `position`.
pub(super) async fn reseal(
    role: &'static str,
    db: &Db,
    table: &'static SealedTable,
    position: &str,
) -> Result<Walked, DbFault> {
    let (rows, next) = read(db, table, position).await?;
    let mut met = BTreeSet::new();
    for row in rows.iter().filter(|row| row.texts.iter().any(|text| !text.is_empty())) {
        met.extend(row.texts.iter().filter_map(|text| version_of(text)));
        let changes = changes(role, db, table, row);
        if !changes.is_empty() {
            write(db, table, &row.key, &changes).await?;
        }
    }
    Ok(Walked { met, next })
}

/// Rows of one key are never on two pages: the last key of a full page begins the next one.
async fn read(db: &Db, table: &SealedTable, position: &str) -> Result<(Vec<Row>, Option<String>), DbFault> {
    let mut limit = ROWS;
    loop {
        let rows = select(db, table, position, limit).await?;
        if (rows.len() as u64) < limit {
            return Ok((rows, None));
        }
        let last = rows.last().map(|row| row.key.clone()).unwrap_or_default();
        match rows.iter().rev().find(|row| row.key != last) {
            Some(before) => {
                let next = before.key.clone();
                return Ok((rows, Some(next)));
            }
            None => limit *= 2,
        }
    }
}

async fn select(db: &Db, table: &SealedTable, position: &str, limit: u64) -> Result<Vec<Row>, DbFault> {
    let SealedTable { table, key, columns } = table;
    let present = db.shared.cipher.present();
    let texts = columns.iter().zip(0..).map(|((column, _), n): (_, usize)| {
        format!("CASE WHEN {column} LIKE '{present}.%' THEN '' ELSE {column} END AS text{n}")
    });
    let texts = texts.collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT {key} AS k, {texts} FROM {table} WHERE {key} > $1 ORDER BY {key} LIMIT $2");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: [Value; 2] = [position.into(), limit.into()];
    let rows = db.read().query_all_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await?;
    let read = |row: &QueryResult| -> Result<Row, DbFault> {
        let text = |n: usize| row.try_get("", &format!("text{n}"));
        let texts = (0..columns.len()).map(text).collect::<Result<_, _>>()?;
        Ok(Row { key: row.try_get("", "k")?, texts })
    };
    rows.iter().map(read).collect()
}

/// Column, the text that was read, the same sealed with the present key. What cannot be opened is told of and stays.
fn changes<'r>(
    role: &'static str,
    db: &Db,
    table: &SealedTable,
    row: &'r Row,
) -> Vec<(&'static str, &'r str, String)> {
    let cipher = &db.shared.cipher;
    let mut changes = Vec::new();
    for ((column, context), old) in table.columns.iter().zip(&row.texts).filter(|(_, old)| !old.is_empty()) {
        match cipher.open(context, old) {
            Ok(plain) => changes.push((*column, old.as_str(), cipher.seal(context, &plain))),
            Err(error) => {
                let (table, row) = (table.table, row.key.as_str());
                tracing::error!(role, table, column, row, "a sealed text is left as it is: {error}");
            }
        }
    }
    changes
}

/// Only while the row still holds what was read. A writer who came between sealed with a key of its own, and the version that
/// was met counts as used: the next walk looks again.
pub(super) async fn write(
    db: &Db,
    table: &SealedTable,
    key: &str,
    changes: &[(&'static str, &str, String)],
) -> Result<(), DbFault> {
    let mut values: Vec<Value> = vec![key.into()];
    let (mut set, mut guard) = (Vec::new(), Vec::new());
    for (column, old, new) in changes {
        values.push(new.clone().into());
        set.push(format!("{column} = ${}", values.len()));
        values.push((*old).into());
        guard.push(format!("{column} = ${}", values.len()));
    }
    let SealedTable { table, key, .. } = table;
    let sql = format!("UPDATE {table} SET {} WHERE {key} = $1 AND {}", set.join(", "), guard.join(" AND "));
    let work = db.begin_step().await?;
    work.tx().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await?;
    work.done().await
}
