//! Mainland mobile numbers: `^1[3-9]\d{9}$` after removing the country code and separators (`domain.md` §7).

use crate::Sensitive;

/// A normalised 11-digit mobile number. `Debug` hides it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phone(Sensitive<String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a mainland mobile number of 11 digits")]
pub struct PhoneError;

impl Phone {
    /// Reads a number written with `+86`, `86`, spaces or hyphens; 13-digit IoT numbers are refused.
    pub fn parse(text: &str) -> Result<Phone, PhoneError> {
        let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let bare = compact.strip_prefix("+86").unwrap_or(&compact);
        let bare = if bare.len() == 13 { bare.strip_prefix("86").unwrap_or(bare) } else { bare };
        let bytes = bare.as_bytes();
        let valid = bytes.len() == 11
            && bytes.iter().all(u8::is_ascii_digit)
            && bytes[0] == b'1'
            && (b'3'..=b'9').contains(&bytes[1]);
        if valid { Ok(Phone(Sensitive::new(bare.to_owned()))) } else { Err(PhoneError) }
    }

    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_or_refuses() {
        for text in ["19900001234", "+86 199 0000 1234", "8619900001234", "199-0000-1234"] {
            assert_eq!(Phone::parse(text).unwrap().reveal(), "19900001234");
        }
        for text in ["12900001234", "1990000123", "1440012345678", "１9900001234", ""] {
            assert_eq!(Phone::parse(text), Err(PhoneError), "{text}");
        }
    }
}
