//! Many rows in one statement. The text is the same however many rows there are, so one plan a table is enough: PostgreSQL takes
//! them as an array a column, SQLite as JSON.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::together::Part;

/// Rows of one set of columns, to be inserted or joined with.
#[derive(Clone, Debug)]
pub struct Rows {
    columns: Vec<&'static str>,
    cells: Vec<Vec<Value>>,
}

impl Rows {
    pub fn new(columns: &[&'static str]) -> Rows {
        Rows { columns: columns.to_vec(), cells: Vec::new() }
    }

    /// Adds a row; a cell a column, of the same kinds in every row: text, `i64`, `bool` or bytes, none of them NULL.
    pub fn push<const N: usize>(&mut self, row: [Value; N]) {
        self.cells.push(row.into());
    }

    /// As [`Rows::push`], of any length.
    pub fn push_row(&mut self, row: Vec<Value>) {
        self.cells.push(row);
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub fn len(&self) -> u64 {
        self.cells.len() as u64
    }

    /// Inserts all of them, `tail` being what follows the rows (`ON CONFLICT …`); answers how many it touched. No rows, no
    /// statement.
    pub async fn insert(&self, conn: &impl ConnectionTrait, table: &str, tail: &str) -> Result<u64, DbErr> {
        if self.is_empty() {
            return Ok(0);
        }
        Ok(conn.execute_raw(self.insertion(conn, table, tail)?).await?.rows_affected())
    }

    /// [`Rows::insert`] as one of several statements.
    pub fn inserted(
        &self,
        conn: &impl ConnectionTrait,
        table: &str,
        tail: &str,
    ) -> Result<Option<Part>, DbErr> {
        self.part(|| self.insertion(conn, table, tail).map(Part::silent))
    }

    /// As [`Rows::inserted`], and it is told how many rows it touched.
    pub fn inserted_and_counted(
        &self,
        conn: &impl ConnectionTrait,
        table: &str,
        tail: &str,
    ) -> Result<Option<Part>, DbErr> {
        self.part(|| self.insertion(conn, table, tail).map(Part::counted))
    }

    /// No rows, no statement.
    pub fn part(&self, part: impl FnOnce() -> Result<Part, DbErr>) -> Result<Option<Part>, DbErr> {
        if self.is_empty() { Ok(None) } else { part().map(Some) }
    }

    fn insertion(&self, conn: &impl ConnectionTrait, table: &str, tail: &str) -> Result<Statement, DbErr> {
        let backend = conn.get_database_backend();
        let columns = self.columns.join(", ");
        let cells = self.columns.iter().enumerate().map(|(n, name)| self.cell(backend, n, name));
        let cells = cells.collect::<Vec<_>>().join(", ");
        // without a condition SQLite would take ON CONFLICT for that of a join
        let sql = format!(
            "INSERT INTO {table} ({columns}) SELECT {cells} FROM {} WHERE true {tail}",
            self.source(backend)
        );
        self.statement(backend, sql)
    }

    /// A statement that joins with the rows, `v` by name; `text` is given what stands for them after FROM.
    pub fn joined(
        &self,
        conn: &impl ConnectionTrait,
        text: impl FnOnce(&str) -> String,
    ) -> Result<Statement, DbErr> {
        let backend = conn.get_database_backend();
        self.statement(backend, text(&self.source(backend)))
    }

    fn cell(&self, backend: DbBackend, n: usize, name: &str) -> String {
        match (backend, self.cells.first().and_then(|row| row.get(n))) {
            (DbBackend::Sqlite, Some(Value::Bytes(_))) => format!("unhex(v.{name})"),
            (_, Some(Value::Bytes(_))) => format!("decode(v.{name}, 'hex')"),
            _ => format!("v.{name}"),
        }
    }

    fn source(&self, backend: DbBackend) -> String {
        let names = self.columns.join(", ");
        if backend == DbBackend::Sqlite {
            let cells = self.columns.iter().enumerate();
            let cells = cells.map(|(n, name)| format!("json_extract(value, '$[{n}]') AS {name}"));
            return format!("(SELECT {} FROM json_each($1)) AS v", cells.collect::<Vec<_>>().join(", "));
        }
        let arrays = self.columns.iter().enumerate().map(|(n, _)| {
            let kind = match self.cells.first().and_then(|row| row.get(n)) {
                Some(Value::BigInt(_)) => "BIGINT",
                Some(Value::Bool(_)) => "BOOLEAN",
                _ => "TEXT",
            };
            format!("CAST(CAST(${} AS TEXT) AS {kind}[])", n + 1)
        });
        format!("unnest({}) AS v({names})", arrays.collect::<Vec<_>>().join(", "))
    }

    fn statement(&self, backend: DbBackend, sql: String) -> Result<Statement, DbErr> {
        let values = match backend {
            DbBackend::Sqlite => {
                let rows = self.cells.iter().map(|row| row.iter().map(json).collect());
                let rows = rows.collect::<Result<Vec<serde_json::Value>, DbErr>>()?;
                vec![Value::from(serde_json::Value::from(rows).to_string())]
            }
            _ => (0..self.columns.len()).map(|n| self.array(n)).collect::<Result<_, _>>()?,
        };
        Ok(Statement::from_sql_and_values(backend, sql, values))
    }

    /// One column in the words of PostgreSQL's arrays.
    fn array(&self, n: usize) -> Result<Value, DbErr> {
        let mut text = String::from("{");
        for (row, cells) in self.cells.iter().enumerate() {
            if row > 0 {
                text.push(',');
            }
            match cells.get(n) {
                Some(Value::String(Some(cell))) => quote(&mut text, cell),
                Some(Value::BigInt(Some(cell))) => text.push_str(&cell.to_string()),
                Some(Value::Bool(Some(cell))) => text.push(if *cell { 't' } else { 'f' }),
                Some(Value::Bytes(Some(cell))) => quote(&mut text, &hex(cell)),
                _ => return Err(unknown()),
            }
        }
        text.push('}');
        Ok(text.into())
    }
}

/// `column` is one of `words`, which are parameter `n`: what follows the column.
pub fn among(conn: &impl ConnectionTrait, n: usize) -> String {
    match conn.get_database_backend() {
        DbBackend::Sqlite => format!("IN (SELECT value FROM json_each(${n}))"),
        // read once: a cast beside the column is made again for every row that is looked at
        _ => format!("= ANY(CAST((SELECT CAST(CAST(${n} AS TEXT) AS TEXT[])) AS TEXT[]))"),
    }
}

/// The words of [`among`] as its parameter.
pub fn words<'a>(conn: &impl ConnectionTrait, words: impl IntoIterator<Item = &'a str>) -> Value {
    if conn.get_database_backend() == DbBackend::Sqlite {
        let words: Vec<serde_json::Value> = words.into_iter().map(serde_json::Value::from).collect();
        return serde_json::Value::from(words).to_string().into();
    }
    let mut text = String::from("{");
    for word in words {
        if text.len() > 1 {
            text.push(',');
        }
        quote(&mut text, word);
    }
    text.push('}');
    text.into()
}

fn quote(text: &mut String, word: &str) {
    text.push('"');
    for letter in word.chars() {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
}

fn json(cell: &Value) -> Result<serde_json::Value, DbErr> {
    match cell {
        Value::String(Some(cell)) => Ok(cell.as_str().into()),
        Value::BigInt(Some(cell)) => Ok((*cell).into()),
        Value::Bool(Some(cell)) => Ok((*cell).into()),
        Value::Bytes(Some(cell)) => Ok(hex(cell).into()),
        _ => Err(unknown()),
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |half: u8| DIGITS[usize::from(half & 15)];
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

fn unknown() -> DbErr {
    DbErr::Type("a row of another kind of column".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_quotes() {
        let mut rows = Rows::new(&["a", "n", "yes", "raw"]);
        rows.push(["甲 \"x\\y\", {}".into(), 7_i64.into(), true.into(), vec![0_u8, 255].into()]);
        rows.push(["".into(), (-1_i64).into(), false.into(), Vec::<u8>::new().into()]);
        let arrays: Vec<_> = (0..4).map(|n| rows.array(n).unwrap()).collect();
        let expected = ["{\"甲 \\\"x\\\\y\\\", {}\",\"\"}", "{7,-1}", "{t,f}", "{\"00ff\",\"\"}"];
        assert_eq!(arrays, expected.map(Value::from));
        assert!(Rows::new(&["a"]).is_empty());
    }
}
