//! JSON → protobuf. Owns the search for everything that is wrong at once; prost-reflect does the conversion.
//! Invariant: problems name fields and expectations, never values, for values may be personal.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use liufang_kernel::Violations;
use prost::Message as _;
use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

/// Problems told at most; more help nobody.
const MAX_PROBLEMS: usize = 50;
/// Names told at most as a hint.
const MAX_HINTS: usize = 24;

/// The encoded message, or every bad field of the JSON.
pub(super) fn message(shape: &MessageDescriptor, json: &[u8]) -> Result<Vec<u8>, Violations> {
    if json.iter().all(u8::is_ascii_whitespace) {
        return Err(Violations::of("", "the body is empty; send a JSON object, at least {}"));
    }
    let value: Value = serde_json::from_slice(json)
        .map_err(|error| Violations::of("", format!("the body is not valid JSON: {error}")))?;
    let mut search = Search { violations: Violations::new(), count: 0 };
    search.object(shape, &value, "");
    if !search.violations.is_empty() {
        return Err(search.violations);
    }
    // the library's own error text can repeat values, so it is not passed on
    let message = DynamicMessage::deserialize(shape.clone(), value)
        .map_err(|_| Violations::of("", format!("the body does not fit {}", shape.full_name())))?;
    Ok(message.encode_to_vec())
}

/// Checks a message that came as protobuf, so that a torn one is the caller's error and not the service's.
pub(super) fn check_encoded(shape: &MessageDescriptor, bytes: &[u8]) -> Result<(), Violations> {
    DynamicMessage::decode(shape.clone(), bytes)
        .map(|_| ())
        .map_err(|_| Violations::of("", format!("the body is not a {}", shape.full_name())))
}

struct Search {
    violations: Violations,
    count: usize,
}

impl Search {
    fn note(&mut self, path: &str, problem: impl Into<String>) {
        if self.count < MAX_PROBLEMS {
            self.violations.add(path, problem);
        }
        self.count += 1;
    }

    fn object(&mut self, shape: &MessageDescriptor, value: &Value, path: &str) {
        if shape.full_name().starts_with("google.protobuf.") {
            return; // well-known types have JSON forms of their own
        }
        let Value::Object(entries) = value else {
            return self.note(path, "must be a JSON object");
        };
        let mut seen: Vec<u32> = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            let known = shape.get_field_by_json_name(name).or_else(|| shape.get_field_by_name(name));
            let Some(field) = known else {
                self.note(&join(path, name), format!("unknown field; known are {}", field_names(shape)));
                continue;
            };
            let path = join(path, field.json_name());
            if seen.contains(&field.number()) {
                self.note(&path, "given twice, under both of its names");
            }
            seen.push(field.number());
            self.field(&field, value, &path);
        }
        self.oneofs(shape, entries, path);
    }

    fn oneofs(&mut self, shape: &MessageDescriptor, entries: &Map<String, Value>, path: &str) {
        let given = |field: &FieldDescriptor| {
            [field.json_name(), field.name()]
                .iter()
                .any(|name| entries.get(*name).is_some_and(|v| !v.is_null()))
        };
        for oneof in shape.oneofs() {
            if oneof.fields().filter(given).count() > 1 {
                let names: Vec<String> = oneof.fields().map(|field| field.json_name().to_owned()).collect();
                self.note(
                    &join(path, oneof.name()),
                    format!("only one of {} may be given", names.join(", ")),
                );
            }
        }
    }

    fn field(&mut self, field: &FieldDescriptor, value: &Value, path: &str) {
        let kind = field.kind();
        if value.is_null() {
            return; // JSON null is "not given"
        }
        if field.is_map() {
            let Value::Object(entries) = value else { return self.note(path, "must be a JSON object") };
            let Some(entry) = kind.as_message() else { return };
            let (key_kind, value_field) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field());
            for (key, value) in entries {
                if !fits_key(&key_kind, key) {
                    self.note(path, "has a key of the wrong type");
                }
                self.element(&value_field.kind(), value, &join(path, key));
            }
        } else if field.is_list() {
            let Value::Array(items) = value else { return self.note(path, "must be a JSON array") };
            for (index, item) in items.iter().enumerate() {
                self.element(&kind, item, &format!("{path}[{index}]"));
            }
        } else {
            self.single(&kind, value, path);
        }
    }

    fn element(&mut self, kind: &Kind, value: &Value, path: &str) {
        match value {
            Value::Null => self.note(path, "must not be null"),
            value => self.single(kind, value, path),
        }
    }

    fn single(&mut self, kind: &Kind, value: &Value, path: &str) {
        match kind {
            Kind::Message(shape) => self.object(shape, value, path),
            Kind::Enum(names) => {
                if !fits_enum(names, value) {
                    self.note(path, format!("must be one of {}", value_names(names)));
                }
            }
            kind => {
                if let Some(problem) = scalar_problem(kind, value) {
                    self.note(path, problem);
                }
            }
        }
    }
}

fn scalar_problem(kind: &Kind, value: &Value) -> Option<&'static str> {
    let (fits, problem) = match kind {
        Kind::Bool => (value.is_boolean(), "must be true or false"),
        Kind::String => (value.is_string(), "must be a string"),
        Kind::Bytes => (value.as_str().is_some_and(is_base64), "must be a Base64 string"),
        Kind::Double | Kind::Float => (value.is_number() || value.is_string(), "must be a number"),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            (whole(value).is_some_and(|n| i32::try_from(n).is_ok()), "must be a whole number of 32 bits")
        }
        Kind::Uint32 | Kind::Fixed32 => (
            whole(value).is_some_and(|n| u32::try_from(n).is_ok()),
            "must be a whole number from 0, of 32 bits",
        ),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (
            whole(value).is_some_and(|n| i64::try_from(n).is_ok()),
            "must be a whole number of 64 bits, best as a string",
        ),
        Kind::Uint64 | Kind::Fixed64 => (
            whole(value).is_some_and(|n| u64::try_from(n).is_ok()),
            "must be a whole number from 0, of 64 bits, best as a string",
        ),
        Kind::Message(_) | Kind::Enum(_) => return None,
    };
    (!fits).then_some(problem)
}

/// A whole number written as JSON number or decimal string. `1.0` and `1e3` are refused: amounts never pass a float.
fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn is_base64(text: &str) -> bool {
    STANDARD.decode(text).is_ok() || URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).is_ok()
}

fn fits_enum(names: &EnumDescriptor, value: &Value) -> bool {
    match value {
        Value::String(name) => names.get_value_by_name(name).is_some(),
        Value::Number(number) => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        _ => false,
    }
}

fn fits_key(kind: &Kind, key: &str) -> bool {
    match kind {
        Kind::String => true,
        Kind::Bool => matches!(key, "true" | "false"),
        kind => scalar_problem(kind, &Value::String(key.to_owned())).is_none(),
    }
}

/// A name the caller wrote becomes part of a path only as far as it looks like one.
fn join(path: &str, name: &str) -> String {
    let shaped = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || *c == '-';
    let plain: String = name.chars().take(64).filter(shaped).collect();
    let plain = if plain.len() == name.len() { plain } else { "?".to_owned() };
    if path.is_empty() { plain } else { format!("{path}.{plain}") }
}

fn field_names(shape: &MessageDescriptor) -> String {
    let names: Vec<String> =
        shape.fields().take(MAX_HINTS).map(|field| field.json_name().to_owned()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn value_names(names: &EnumDescriptor) -> String {
    let names: Vec<String> = names.values().take(MAX_HINTS).map(|value| value.name().to_owned()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
