//! Serde for calendar dates as `yyyy-MM-dd`; an absent date is the empty text, as in the contracts.

use liufang_kernel::Date;
use liufang_kernel::timestamp::{date_text, parse_date};
use serde::{Deserialize, Deserializer, Serializer};

/// The text of a date that may be absent.
pub fn text(date: Option<Date>) -> String {
    date.map(date_text).unwrap_or_default()
}

/// Writes a date; for `#[serde(with = "day")]`.
pub fn serialize<S: Serializer>(date: &Date, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&date_text(*date))
}

/// Reads a date; for `#[serde(with = "day")]`.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let text = String::deserialize(from)?;
    parse_date(&text).ok_or_else(|| serde::de::Error::custom("not a date"))
}

/// The same for dates that may be absent.
pub mod optional {
    use super::*;

    pub fn serialize<S: Serializer>(date: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&text(*date))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
        let text = String::deserialize(from)?;
        if text.is_empty() {
            return Ok(None);
        }
        parse_date(&text).map(Some).ok_or_else(|| serde::de::Error::custom("not a date"))
    }
}
