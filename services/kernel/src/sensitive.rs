//! A wrapper for personal data: it prints as `***` and has to be opened on purpose.

use std::fmt;

/// Personal data. `Debug` and `Display` hide it; [`Sensitive::reveal`] is the one way in.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    pub const fn new(value: T) -> Sensitive<T> {
        Sensitive(value)
    }

    pub fn reveal(&self) -> &T {
        &self.0
    }

    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Sensitive<T> {
        Sensitive(value)
    }
}

/// `测试甲` → `测*甲`, `13800001111` → `138****1111`: what may be shown to the other side of a hand-over.
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (head, tail) = match chars.len() {
        0 | 1 => return "*".repeat(chars.len()),
        2 => (1, 0),
        3..=9 => (1, 1),
        _ => (3, 4),
    };
    let stars = chars.len().saturating_sub(head + tail);
    let mut out: String = chars[..head].iter().collect();
    out.push_str(&"*".repeat(stars));
    out.extend(&chars[chars.len() - tail..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints_itself() {
        let secret = Sensitive::new("13011112222");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    }

    #[test]
    fn masks_by_length() {
        for (text, masked) in
            [("甲", "*"), ("甲乙", "甲*"), ("测试甲", "测*甲"), ("13800001111", "138****1111")]
        {
            assert_eq!(mask(text), masked);
        }
    }
}
