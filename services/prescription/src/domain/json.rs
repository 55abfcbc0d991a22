//! A canonical JSON writer: keys sorted by code point, no blanks, no numbers, text in UTF-8 without needless escapes.
//!
//! The same value always gives the same bytes, so a signature over them can be checked years later. Every scalar is
//! text, as the national conventions have it (`domain.md` §10.2).

use std::collections::BTreeMap;

/// A JSON value without numbers, booleans or null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<&'static str, Json>),
}

impl Json {
    pub fn text(value: impl Into<String>) -> Json {
        Json::Text(value.into())
    }

    /// An object of text fields and nested values; a key given twice keeps its last value.
    pub fn object(fields: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
        Json::Object(fields.into_iter().collect())
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        self.write(&mut out);
        out.into_bytes()
    }

    fn write(&self, out: &mut String) {
        match self {
            Json::Text(text) => write_text(text, out),
            Json::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    separate(index, out);
                    item.write(out);
                }
                out.push(']');
            }
            Json::Object(fields) => {
                out.push('{');
                for (index, (key, value)) in fields.iter().enumerate() {
                    separate(index, out);
                    write_text(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_compact_and_escaped() {
        let value = Json::object([
            ("b", Json::List(vec![Json::text("x"), Json::text("")])),
            ("a", Json::text("处\"方\\\n")),
        ]);
        assert_eq!(
            String::from_utf8(value.to_bytes()).unwrap(),
            "{\"a\":\"处\\\"方\\\\\\u000a\",\"b\":[\"x\",\"\"]}"
        );
    }
}
