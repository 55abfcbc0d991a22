//! Comma-separated lines, read by the names of their columns.

use liufang_kernel::Fen;

use super::Unreadable;

/// Where the named columns stand in a header.
pub fn places<const N: usize>(header: &[&str], columns: [&str; N]) -> Result<[usize; N], Unreadable> {
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        let at = header.iter().position(|name| *name == column);
        *place = at.ok_or_else(|| Unreadable { line: 0, what: format!("the header lacks {column}") })?;
    }
    Ok(places)
}

/// The parts of a line, without blanks and tabs around them.
pub fn parts(line: &str) -> Vec<&str> {
    line.split(',').map(str::trim).collect()
}

/// The values at `places`.
pub fn values<'a, const N: usize>(
    line: usize,
    parts: &[&'a str],
    places: [usize; N],
) -> Result<[&'a str; N], Unreadable> {
    let mut values = [""; N];
    for (value, place) in values.iter_mut().zip(places) {
        let what = || format!("it has {} values", parts.len());
        *value = parts.get(place).copied().ok_or_else(|| Unreadable { line, what: what() })?;
    }
    Ok(values)
}

/// An amount in yuan with a sign and decimals, of which only the first two may be more than zero; empty is nothing.
pub fn yuan(line: usize, column: &str, text: &str) -> Result<Fen, Unreadable> {
    let odd = || Unreadable { line, what: format!("{column} is {text}, no amount in yuan") };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(whole) || !numeric(decimals) || (whole.is_empty() && !text.is_empty()) {
        return Err(odd());
    }
    let (cents, rest) = decimals.split_at(decimals.len().min(2));
    if rest.bytes().any(|byte| byte != b'0') {
        return Err(odd());
    }
    let fen = format!("{whole}{cents:0<2}").parse::<i64>().map_err(|_| odd())?;
    Ok(Fen(if negative { -fen } else { fen }))
}

/// An amount in fen.
pub fn fen(line: usize, column: &str, text: &str) -> Result<Fen, Unreadable> {
    let odd = |_| Unreadable { line, what: format!("{column} is {text}, no amount in fen") };
    text.parse().map(Fen).map_err(odd)
}
