//! Reads tab-separated text: one header line, no quoting, an empty cell is no value.

use std::collections::HashMap;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, ensure};

/// A table by column name.
pub struct Table<'a> {
    name: &'static str,
    columns: HashMap<&'a str, usize>,
    lines: Vec<(usize, Vec<&'a str>)>,
}

/// One row of a table.
pub struct Row<'a, 't> {
    table: &'t Table<'a>,
    line: usize,
    cells: &'t [&'a str],
}

impl<'a> Table<'a> {
    /// Splits `text`; every row must have as many cells as the header.
    pub fn parse(name: &'static str, text: &'a str) -> Result<Table<'a>> {
        let mut lines =
            text.lines().enumerate().map(|(index, line)| (index + 1, line.split('\t').collect::<Vec<_>>()));
        let (_, header) = lines.next().with_context(|| format!("{name}: no header"))?;
        let columns: HashMap<_, _> =
            header.iter().enumerate().map(|(index, column)| (*column, index)).collect();
        let lines: Vec<_> = lines.collect();
        for (line, cells) in &lines {
            ensure!(
                cells.len() == header.len(),
                "{name}:{line}: {} cells, the header has {}",
                cells.len(),
                header.len()
            );
        }
        Ok(Table { name, columns, lines })
    }

    /// Reads every row with `read`; the first mistake names its line.
    pub fn rows<T>(&self, read: impl Fn(&Row<'a, '_>) -> Result<T>) -> Result<Vec<T>> {
        let rows = self.lines.iter().map(|(line, cells)| {
            let row = Row { table: self, line: *line, cells };
            read(&row).with_context(|| format!("{}:{line}", self.name))
        });
        rows.collect()
    }
}

impl<'a> Row<'a, '_> {
    /// A cell as it stands; may be empty.
    pub fn raw(&self, column: &str) -> Result<&'a str> {
        let index = self.table.columns.get(column).ok_or_else(|| anyhow!("no column {column}"))?;
        Ok(self.cells[*index])
    }

    pub fn text(&self, column: &str) -> Result<String> {
        Ok(self.raw(column)?.to_owned())
    }

    /// A cell of another type.
    pub fn value<T: FromStr>(&self, column: &str) -> Result<T> {
        let cell = self.raw(column)?;
        cell.parse().map_err(|_| anyhow!("line {}: {column} cannot be read", self.line))
    }

    /// `1` is true, `0` and an empty cell are false.
    pub fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.raw(column)? == "1")
    }

    /// The non-empty parts between `separator`s.
    pub fn list(&self, column: &str, separator: char) -> Result<Vec<&'a str>> {
        Ok(self.raw(column)?.split(separator).filter(|part| !part.is_empty()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_column() {
        let table = Table::parse("t", "a\tb\tc\nx\t7\t1;2\n").unwrap();
        let rows = table
            .rows(|row| Ok((row.text("a")?, row.value::<i32>("b")?, row.list("c", ';')?.len())))
            .unwrap();
        assert_eq!(rows, [("x".to_owned(), 7, 2)]);
    }

    #[test]
    fn mistakes_name_the_line() {
        assert!(Table::parse("t", "a\tb\nx\n").is_err());
        let table = Table::parse("t", "a\nx\n").unwrap();
        let message = format!("{:#}", table.rows(|row| row.value::<i32>("a")).unwrap_err());
        assert!(message.starts_with("t:2"), "{message}");
    }
}
