//! Statements that go together: PostgreSQL runs them as the parts of one, for a way there and back costs more than most of them;
//! SQLite runs one after the other.
//!
//! The parts see what was there before all of them and not each other, and no two of them may write the same row: in which order
//! they write is not said.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, QueryResult, Statement};
use serde::de::DeserializeOwned;

/// One of several statements.
#[derive(Clone, Debug)]
pub struct Part {
    statement: Statement,
    wanted: Wanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Nothing,
    Count,
    Rows,
}

impl Part {
    /// A statement that only has to succeed.
    pub fn silent(statement: Statement) -> Part {
        Part { statement, wanted: Wanted::Nothing }
    }

    /// A statement without RETURNING, of which it is told how many rows it touched.
    pub fn counted(statement: Statement) -> Part {
        Part { statement, wanted: Wanted::Count }
    }

    /// A SELECT, or a statement with RETURNING, of which the rows are told.
    pub fn rows(statement: Statement) -> Part {
        Part { statement, wanted: Wanted::Rows }
    }

    async fn run(self, conn: &impl ConnectionTrait) -> Result<Told, DbErr> {
        if self.wanted == Wanted::Rows {
            let rows = conn.query_all_raw(self.statement).await?;
            return Ok(Told { touched: 0, rows: rows.into_iter().map(Row::Own).collect() });
        }
        Ok(Told { touched: conn.execute_raw(self.statement).await?.rows_affected(), rows: Vec::new() })
    }
}

/// Where the outcome of a part is found; nowhere, when there was nothing to do.
#[derive(Clone, Copy, Debug)]
pub struct Place(Option<usize>);

/// Parts to be run together.
#[derive(Debug, Default)]
pub struct Together {
    parts: Vec<Part>,
}

impl Together {
    /// `None` is no part.
    pub fn add(&mut self, part: Option<Part>) -> Place {
        let place = part.is_some().then_some(self.parts.len());
        self.parts.extend(part);
        Place(place)
    }

    /// From the next statement on, and until the transaction ends, PostgreSQL keeps its plans whatever the parameters are. Wide
    /// statements have one plan that is good for any number of rows, and to plan them costs more than to run them.
    pub fn plan_once(&mut self, conn: &impl ConnectionTrait) {
        if conn.get_database_backend() == DbBackend::Postgres {
            let set = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)";
            self.add(Some(Part::rows(Statement::from_string(DbBackend::Postgres, set))));
        }
    }

    /// Runs all of them. No parts, no statement.
    pub async fn run(mut self, conn: &impl ConnectionTrait) -> Result<Outcomes, DbErr> {
        if conn.get_database_backend() == DbBackend::Sqlite || self.parts.len() < 2 {
            let mut outcomes = Vec::new();
            for part in self.parts.drain(..) {
                outcomes.push(part.run(conn).await?);
            }
            return Ok(Outcomes(outcomes));
        }
        let mut outcomes: Vec<Told> = self.parts.iter().map(|_| Told::default()).collect();
        for row in conn.query_all_raw(self.statement(conn.get_database_backend())).await? {
            let place: i32 = row.try_get_by_index(0)?;
            let told = usize::try_from(place).ok().and_then(|place| outcomes.get_mut(place));
            let told = told.ok_or_else(|| DbErr::Type("a part that is none".to_owned()))?;
            match row.try_get_by_index::<Option<String>>(2)? {
                Some(text) => told.rows.push(Row::Json(text)),
                None => told.touched = u64::try_from(row.try_get_by_index::<i64>(1)?).unwrap_or(0),
            }
        }
        Ok(Outcomes(outcomes))
    }

    /// `WITH p0 AS (…), p1 AS (…) SELECT 0, count, NULL FROM p0 UNION ALL SELECT 1, 0, row FROM p1`.
    fn statement(&self, backend: DbBackend) -> Statement {
        let (mut with, mut select, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (n, part) in self.parts.iter().enumerate() {
            let text = shifted(&part.statement.sql, values.len());
            values.extend(part.statement.values.iter().flat_map(|values| values.iter().cloned()));
            with.push(match part.wanted {
                Wanted::Count => format!("p{n} AS ({text} RETURNING 1)"),
                Wanted::Nothing | Wanted::Rows => format!("p{n} AS ({text})"),
            });
            match part.wanted {
                Wanted::Nothing => {}
                Wanted::Count => select.push(format!("SELECT {n}, COUNT(*), CAST(NULL AS TEXT) FROM p{n}")),
                Wanted::Rows => select.push(format!(
                    "SELECT {n}, CAST(0 AS BIGINT), CAST(row_to_json(p{n}) AS TEXT) FROM p{n}"
                )),
            }
        }
        if select.is_empty() {
            // nobody asks, and still there has to be a question
            select.push("SELECT 0, CAST(0 AS BIGINT), CAST(NULL AS TEXT)".to_owned());
        }
        let sql = format!("WITH {} {}", with.join(", "), select.join(" UNION ALL "));
        Statement::from_sql_and_values(backend, sql, values)
    }
}

/// The same text, its parameters counted from `by` on.
fn shifted(sql: &str, by: usize) -> String {
    let mut text = String::with_capacity(sql.len() + 16);
    let mut pieces = sql.split('$');
    text.extend(pieces.next());
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        let number = number.parse::<usize>().map_or_else(|_| number.to_owned(), |n| (n + by).to_string());
        text.push('$');
        text.push_str(&number);
        text.push_str(rest);
    }
    text
}

#[derive(Debug, Default)]
struct Told {
    touched: u64,
    rows: Vec<Row>,
}

/// What came of parts.
#[derive(Debug)]
pub struct Outcomes(Vec<Told>);

impl Outcomes {
    /// How many rows a counted part touched.
    pub fn touched(&self, place: Place) -> u64 {
        place.0.and_then(|n| self.0.get(n)).map_or(0, |told| told.touched)
    }

    /// The rows of a part, by the names of their columns.
    pub fn rows<T: FromQueryResult + DeserializeOwned>(&self, place: Place) -> Result<Vec<T>, DbErr> {
        let rows = place.0.and_then(|n| self.0.get(n)).map_or(&[][..], |told| &told.rows);
        rows.iter().map(Row::read).collect()
    }
}

#[derive(Debug)]
enum Row {
    Own(QueryResult),
    /// Of one statement among several.
    Json(String),
}

impl Row {
    fn read<T: FromQueryResult + DeserializeOwned>(&self) -> Result<T, DbErr> {
        match self {
            Row::Own(row) => T::from_query_result(row, ""),
            // the text may hold what nobody may read
            Row::Json(text) => serde_json::from_str(text)
                .map_err(|_| DbErr::Type(format!("a row is no {}", std::any::type_name::<T>()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{Database, DatabaseConnection, Value};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize, FromQueryResult)]
    struct Kept {
        id: String,
        n: i64,
    }

    fn part(
        conn: &DatabaseConnection,
        of: fn(Statement) -> Part,
        sql: &str,
        values: Vec<Value>,
    ) -> Option<Part> {
        Some(of(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)))
    }

    async fn on(conn: DatabaseConnection) {
        conn.execute_unprepared("CREATE TABLE kept (id TEXT PRIMARY KEY, n BIGINT NOT NULL)").await.unwrap();
        let put = "INSERT INTO kept (id, n) VALUES ($1, $2)";
        let before = [("a", 1_i64), ("b", 2), ("c \"quoted\" 丙", i64::MAX)];
        for (id, n) in before {
            conn.execute_raw(part(&conn, Part::silent, put, vec![id.into(), n.into()]).unwrap().statement)
                .await
                .unwrap();
        }
        let mut all = Together::default();
        all.plan_once(&conn);
        let new = all.add(part(&conn, Part::counted, put, vec!["d".into(), 4_i64.into()]));
        let none = all.add(None);
        all.add(part(&conn, Part::silent, "DELETE FROM kept WHERE id = $1", vec!["a".into()]));
        let more = "UPDATE kept SET n = n + $2 WHERE id = $1 RETURNING id, n";
        let more = all.add(part(&conn, Part::rows, more, vec!["b".into(), 10_i64.into()]));
        let large = "SELECT id, n FROM kept WHERE n > $1";
        let large = all.add(part(&conn, Part::rows, large, vec![100_i64.into()]));
        let nobody = all.add(part(&conn, Part::counted, "DELETE FROM kept WHERE id = $1", vec!["x".into()]));
        let told = all.run(&conn).await.unwrap();
        assert_eq!([new, none, nobody].map(|place| told.touched(place)), [1, 0, 0]);
        let left = "SELECT id, n FROM kept WHERE id IN ('a', 'd')";
        let mut after = Together::default();
        let left = after.add(part(&conn, Part::rows, left, Vec::new()));
        let kept = |id: &str, n| vec![Kept { id: id.to_owned(), n }];
        assert_eq!(told.rows::<Kept>(more).unwrap(), kept("b", 12));
        assert_eq!(told.rows::<Kept>(large).unwrap(), kept("c \"quoted\" 丙", i64::MAX));
        assert_eq!(told.rows::<Kept>(none).unwrap(), []);
        assert_eq!(after.run(&conn).await.unwrap().rows::<Kept>(left).unwrap(), kept("d", 4));
    }

    #[tokio::test]
    async fn every_part_has_its_own_outcome() {
        on(Database::connect("sqlite::memory:").await.unwrap()).await;
        on(Database::connect(crate::testing::postgres::database().await).await.unwrap()).await;
    }

    #[tokio::test]
    async fn on_postgres_one_that_fails_undoes_the_others() {
        let conn = Database::connect(crate::testing::postgres::database().await).await.unwrap();
        conn.execute_unprepared("CREATE TABLE kept (id TEXT PRIMARY KEY, n BIGINT NOT NULL)").await.unwrap();
        let put = "INSERT INTO kept (id, n) VALUES ($1, 1)";
        let mut all = Together::default();
        all.add(part(&conn, Part::silent, put, vec!["a".into()]));
        all.add(part(&conn, Part::silent, put, vec!["a".into()]));
        all.run(&conn).await.unwrap_err();
        let mut asked = Together::default();
        let kept = asked.add(part(&conn, Part::rows, "SELECT id, n FROM kept", Vec::new()));
        assert_eq!(asked.run(&conn).await.unwrap().rows::<Kept>(kept).unwrap(), []);
    }

    #[test]
    fn parameters_are_counted_on() {
        assert_eq!(shifted("a = $1 AND b = ANY($12)", 0), "a = $1 AND b = ANY($12)");
        assert_eq!(shifted("a = $1 AND b = ANY($12)", 30), "a = $31 AND b = ANY($42)");
        assert_eq!(shifted("no parameter", 3), "no parameter");
    }
}
