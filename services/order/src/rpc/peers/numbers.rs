//! Reading exact numbers that another service wrote.

use std::str::FromStr;

use crate::error::OrderError;

/// A number that must be there.
pub fn number<T: FromStr>(text: &str) -> Result<T, OrderError> {
    text.parse().map_err(|_| OrderError::Unreadable("number of a peer"))
}

/// A number that may be empty.
pub fn optional<T: FromStr>(text: &str) -> Result<Option<T>, OrderError> {
    if text.is_empty() { Ok(None) } else { number(text).map(Some) }
}

/// A message that must be there.
pub fn present<T>(message: Option<T>) -> Result<T, OrderError> {
    message.ok_or(OrderError::Unreadable("answer of a peer"))
}

/// A line number as the contract has it.
pub fn line_no(line: u32) -> i32 {
    i32::try_from(line).unwrap_or(i32::MAX)
}
