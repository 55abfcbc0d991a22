//! What a pack can hold under a key: text, numbers, money, ratios, dates, lists.

use time::Date;
use toml::Spanned;
use toml::de::DeValue;

use super::reader::{Mistakes, Value};
use crate::money::{Fen, Ratio};
use crate::timestamp::parse_date;

/// Reads text with `parse`, or notes that it must be `wanted`.
pub(super) fn read_text<T>(
    value: &Spanned<DeValue<'_>>,
    path: &str,
    mistakes: &mut Mistakes<'_>,
    wanted: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let read = value.get_ref().as_str().and_then(parse);
    if read.is_none() {
        mistakes.note(value.span().start, path, &format!("must be {wanted}"));
    }
    read
}

fn read_integer(
    value: &Spanned<DeValue<'_>>,
    path: &str,
    mistakes: &mut Mistakes<'_>,
    max: i64,
) -> Option<i64> {
    let read = value.get_ref().as_integer().and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
    let read = read.filter(|number| (0..=max).contains(number));
    if read.is_none() {
        mistakes.note(value.span().start, path, &format!("must be a whole number from 0 to {max}"));
    }
    read
}

impl Value for String {
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        let tidy = |text: &str| (!text.is_empty() && text == text.trim()).then(|| text.to_owned());
        read_text(value, path, mistakes, "text, not empty and without blanks at its ends", tidy)
    }
}

impl Value for bool {
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        let read = value.get_ref().as_bool();
        if read.is_none() {
            mistakes.note(value.span().start, path, "must be true or false");
        }
        read
    }
}

impl Value for u32 {
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        read_integer(value, path, mistakes, i64::from(u32::MAX)).and_then(|number| u32::try_from(number).ok())
    }
}

/// Up to ten billion yuan: far above any cap, far below where sums could wrap.
const MAX_FEN: i64 = 1_000_000_000_000;

impl Value for Fen {
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        read_integer(value, path, mistakes, MAX_FEN).map(Fen)
    }
}

impl Value for Ratio {
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        read_text(value, path, mistakes, "text with a ratio from \"0\" to \"1\"", |text| text.parse().ok())
    }
}

impl Value for Date {
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        let read = value.get_ref().as_datetime().and_then(|at| parse_date(&at.to_string()));
        if read.is_none() {
            mistakes.note(value.span().start, path, "must be a date such as 2024-07-01");
        }
        read
    }
}

impl<T: Value> Value for Option<T> {
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        T::read(value, path, mistakes).map(Some)
    }

    fn absent(_: usize, _: &str, _: &mut Mistakes<'_>) -> Option<Self> {
        Some(None)
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        let Some(items) = value.get_ref().as_array() else {
            mistakes.note(value.span().start, path, "must be a list");
            return None;
        };
        let count = items.iter().count();
        let mut read = Vec::with_capacity(count);
        for (index, item) in items.iter().enumerate() {
            read.extend(T::read(item, &format!("{path}[{}]", index + 1), mistakes));
        }
        (read.len() == count).then_some(read)
    }
}
