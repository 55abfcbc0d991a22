//! Small helpers for plain SQL.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};

/// Statements stay below the parameter limit of SQLite (32 766) and PostgreSQL (65 535).
pub const MAX_PARAMS: usize = 30_000;

/// `$first, $first+1, …`
pub fn list(first: usize, count: usize) -> String {
    let names: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    names.join(", ")
}

/// `($1, $2), ($3, $4), …`
pub fn tuples(rows: usize, columns: usize) -> String {
    let tuple = |row: usize| format!("({})", list(1 + row * columns, columns));
    (0..rows).map(tuple).collect::<Vec<_>>().join(", ")
}

/// Text values.
pub fn texts<'a>(values: impl IntoIterator<Item = &'a String>) -> Vec<Value> {
    values.into_iter().map(|value| Value::from(value.clone())).collect()
}

/// Runs a statement and answers how many rows it changed.
pub async fn run(
    conn: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.execute_raw(statement).await?.rows_affected())
}

/// Reads rows.
pub async fn rows<R: FromQueryResult>(
    conn: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: Vec<Value>,
) -> Result<Vec<R>, DbErr> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    R::find_by_statement(statement).all(conn).await
}

/// Inserts `rows` of `columns` in chunks, with `tail` after the values; answers how many were inserted.
pub async fn insert(
    conn: &impl ConnectionTrait,
    into: &str,
    columns: usize,
    rows: Vec<Vec<Value>>,
    tail: &str,
) -> Result<u64, DbErr> {
    let mut inserted = 0;
    for chunk in rows.chunks((MAX_PARAMS / columns).max(1)) {
        let sql = format!("INSERT INTO {into} VALUES {} {tail}", tuples(chunk.len(), columns));
        inserted += run(conn, sql, chunk.concat()).await?;
    }
    Ok(inserted)
}

/// A `LIKE` pattern that finds `text` anywhere, for `ESCAPE '\'`.
pub fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_wildcards_literally() {
        assert_eq!(contains("50%_A\\"), "%50\\%\\_a\\\\%");
        assert_eq!(tuples(2, 2), "($1, $2), ($3, $4)");
    }
}
