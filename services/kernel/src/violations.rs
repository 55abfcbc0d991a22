//! Collects every bad field of a request, so a caller can mend all of them at once.

use std::fmt;

/// Bad fields as `(path, what is wrong)`. Descriptions never repeat the value: it may be personal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(Vec<(String, String)>);

impl Violations {
    pub fn new() -> Violations {
        Violations::default()
    }

    /// A single bad field.
    pub fn of(field: impl Into<String>, problem: impl Into<String>) -> Violations {
        Violations(vec![(field.into(), problem.into())])
    }

    pub fn add(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.0.push((field.into(), problem.into()));
    }

    /// Keeps the value of `result`, or notes its error under `field`.
    pub fn take<T, E: fmt::Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, error.to_string());
                None
            }
        }
    }

    /// Notes `problem` unless `ok`.
    pub fn check(&mut self, ok: bool, field: &str, problem: &str) {
        if !ok {
            self.add(field, problem);
        }
    }

    /// The trimmed text when it is not empty and at most `max` characters.
    pub fn text(&mut self, field: &str, value: &str, max: usize) -> String {
        let value = value.trim();
        if value.is_empty() {
            self.add(field, "must not be empty");
        } else if value.chars().count() > max {
            self.add(field, format!("must be at most {max} characters"));
        } else if value.chars().any(|c| c.is_control() && c != '\n') {
            self.add(field, "must not contain control characters");
        }
        value.to_owned()
    }

    /// Like [`Violations::text`], but the field may be empty.
    pub fn optional_text(&mut self, field: &str, value: &str, max: usize) -> String {
        if value.trim().is_empty() { String::new() } else { self.text(field, value, max) }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, problem)| (field.as_str(), problem.as_str()))
    }

    /// `value` when nothing was noted. `None` with no violation is a bug of the caller's parse function.
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Violations> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => {
                if self.0.is_empty() {
                    self.add("", "could not be read");
                }
                Err(self)
            }
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (field, problem)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{field}: {problem}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_bad_field() {
        let mut violations = Violations::new();
        violations.text("name", "  ", 10);
        let price = violations.take("price", "x".parse::<crate::UnitPrice>());
        assert_eq!(
            violations.finish(price).unwrap_err().to_string(),
            "name: must not be empty; price: not a decimal number"
        );
    }
}
