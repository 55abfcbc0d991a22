//! Differences, and their collection.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// An id or an amount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Text(String),
    Number(i64),
}

impl From<String> for Field {
    fn from(text: String) -> Field {
        Field::Text(text)
    }
}

impl From<&str> for Field {
    fn from(text: &str) -> Field {
        Field::Text(text.to_owned())
    }
}

impl From<i64> for Field {
    fn from(number: i64) -> Field {
        Field::Number(number)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Text(text) => f.write_str(text),
            Field::Number(number) => write!(f, "{number}"),
        }
    }
}

/// One thing that does not agree. Printed as one line: the kind, then `key=value`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub kind: &'static str,
    /// Whose database it was found in.
    pub role: &'static str,
    pub fields: Vec<(&'static str, Field)>,
}

impl Difference {
    pub fn new(kind: &'static str) -> Difference {
        Difference { kind, role: "", fields: Vec::new() }
    }

    /// Adds an id or an amount. `kind` and `role` are names of their own.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Field>) -> Difference {
        debug_assert!(!["kind", "role"].contains(&key), "{key} is taken");
        self.fields.push((key, value.into()));
        self
    }

    /// The text of a field; empty when there is none.
    pub fn text(&self, key: &str) -> String {
        let field = self.fields.iter().find(|(own, _)| *own == key);
        field.map(|(_, value)| value.to_string()).unwrap_or_default()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} role={}", self.kind, self.role)?;
        self.fields.iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))
    }
}

/// One flat object: `kind`, `role`, and the fields.
impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len() + 2))?;
        map.serialize_entry("kind", self.kind)?;
        map.serialize_entry("role", self.role)?;
        for (key, value) in &self.fields {
            match value {
                Field::Text(text) => map.serialize_entry(key, text)?,
                Field::Number(number) => map.serialize_entry(key, number)?,
            }
        }
        map.end()
    }
}

/// What an audit found. Of one kind at most [`Findings::MOST`] are kept: a broken disk breaks everything.
#[derive(Debug, Default)]
pub struct Findings {
    role: &'static str,
    kept: Vec<Difference>,
    counts: BTreeMap<(&'static str, &'static str), u64>,
    looked_at: BTreeMap<(&'static str, &'static str), u64>,
}

impl Findings {
    pub const MOST: u64 = 1_000;

    /// Whose database is looked at from now on.
    pub fn of(&mut self, role: &'static str) -> &mut Findings {
        self.role = role;
        self
    }

    pub fn push(&mut self, mut difference: Difference) {
        if difference.role.is_empty() {
            difference.role = self.role;
        }
        let count = self.counts.entry((difference.role, difference.kind)).or_default();
        *count += 1;
        if *count <= Findings::MOST {
            self.kept.push(difference);
        }
    }

    /// Counts what was looked at, for the summary.
    pub fn looked_at(&mut self, what: &'static str, count: usize) {
        *self.looked_at.entry((self.role, what)).or_default() += u64::try_from(count).unwrap_or(u64::MAX);
    }

    /// In the order they were found.
    pub fn differences(&self) -> &[Difference] {
        &self.kept
    }

    /// Of which kinds there were more than were kept, and how many altogether.
    pub fn cut(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let more = self.counts.iter().filter(|(_, count)| Findings::MOST < **count);
        more.map(|((role, kind), count)| (*role, *kind, *count))
    }

    /// What was looked at, by role.
    pub fn seen(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.looked_at.iter().map(|((role, what), count)| (*role, *what, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_one_line() {
        let mut found = Findings::default();
        found
            .of("settlement")
            .push(Difference::new("LEDGER_BALANCE").with("account", "bank:P1").with("fen", -5_i64));
        let line = &found.differences()[0];
        assert_eq!(line.to_string(), "LEDGER_BALANCE role=settlement account=bank:P1 fen=-5");
        let json = serde_json::to_string(line).unwrap();
        assert_eq!(json, r#"{"kind":"LEDGER_BALANCE","role":"settlement","account":"bank:P1","fen":-5}"#);
    }

    #[test]
    fn not_more_of_a_kind_than_anybody_reads() {
        let mut found = Findings::default();
        for number in 0..1_500_i64 {
            found.of("order").push(Difference::new("STORY_COUNT").with("n", number));
        }
        found.push(Difference::new("STEP_COUNT"));
        assert_eq!(found.differences().len(), 1_001);
        assert_eq!(found.cut().collect::<Vec<_>>(), [("order", "STORY_COUNT", 1_500)]);
    }
}
