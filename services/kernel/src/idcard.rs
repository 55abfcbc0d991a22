//! Citizen identity numbers by GB 11643-1999, including residence permits 81–83 (`domain.md` §7).

use time::{Date, Month};

use crate::Sensitive;

/// A checked 18-character identity number. `Debug` hides it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdNumber(Sensitive<String>);

/// Why a number is not an identity number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdNumberError {
    #[error("must have 18 characters: 17 digits and a digit or X")]
    Shape,
    #[error("unknown province prefix")]
    Province,
    #[error("birth date does not exist, lies in the future or too long ago")]
    BirthDate,
    #[error("check digit does not match")]
    CheckDigit,
}

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: &[u8; 11] = b"10X98765432";
/// The first standard is of 1989, and nobody it numbered was born earlier: a birth in the year 0000 is a slip, whatever the check
/// digit says.
const EARLIEST_YEAR: i32 = 1875;

impl IdNumber {
    /// Reads an identity number; a lower-case `x` is accepted and raised. `today` refuses births in the future.
    pub fn parse(text: &str, today: Date) -> Result<IdNumber, IdNumberError> {
        let text = text.trim().to_ascii_uppercase();
        let bytes: &[u8; 18] = text.as_bytes().try_into().map_err(|_| IdNumberError::Shape)?;
        let digits = bytes[..17].iter().all(u8::is_ascii_digit);
        if !digits || !(bytes[17].is_ascii_digit() || bytes[17] == b'X') {
            return Err(IdNumberError::Shape);
        }
        let province = u32::from(bytes[0] - b'0') * 10 + u32::from(bytes[1] - b'0');
        if !is_province(province) {
            return Err(IdNumberError::Province);
        }
        let lives = |birth: &Date| EARLIEST_YEAR <= birth.year() && *birth <= today;
        birth_date(&text).filter(lives).ok_or(IdNumberError::BirthDate)?;
        if check_digit(&bytes[..17]) != bytes[17] {
            return Err(IdNumberError::CheckDigit);
        }
        Ok(IdNumber(Sensitive::new(text)))
    }

    /// The number itself, for encryption and for outside checks only.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    pub fn birth_date(&self) -> Date {
        birth_date(self.0.reveal()).unwrap_or(Date::MIN)
    }

    /// National gender code: 1 male, 2 female (`gend`); the 17th digit is odd for men.
    pub fn gender_code(&self) -> &'static str {
        if self.0.reveal().as_bytes()[16] % 2 == 1 { "1" } else { "2" }
    }

    /// Full years at `on`.
    pub fn age(&self, on: Date) -> i32 {
        full_years(self.birth_date(), on)
    }
}

/// Full years between two dates; a birthday on 29 February counts from 1 March in common years.
pub fn full_years(birth: Date, on: Date) -> i32 {
    let reached = (u8::from(on.month()), on.day()) >= (u8::from(birth.month()), birth.day());
    on.year() - birth.year() - i32::from(!reached)
}

/// The check character for the first 17 digits.
pub fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    CHECK[(sum % 11) as usize]
}

// 81–83 are residence permits of Hong Kong, Macau and Taiwan residents; 9x newer foreign permanent residents
fn is_province(code: u32) -> bool {
    matches!(code, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91..=99)
}

fn birth_date(text: &str) -> Option<Date> {
    let year = text.get(6..10)?.parse().ok()?;
    let month = Month::try_from(text.get(10..12)?.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year, month, text.get(12..14)?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    const TODAY: Date = date!(2026 - 11 - 22);

    fn number(head: &str) -> String {
        format!("{head}{}", check_digit(head.as_bytes()) as char)
    }

    #[test]
    fn reads_birth_gender_and_age() {
        let id = IdNumber::parse(&number("13030219600229001"), TODAY).unwrap();
        assert_eq!(id.birth_date(), date!(1960 - 02 - 29));
        assert_eq!((id.gender_code(), id.age(TODAY)), ("1", 66));
        assert_eq!(id.age(date!(2026 - 02 - 28)), 65);
        assert_eq!(format!("{id:?}"), "IdNumber(***)");
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, error) in [
            ("123".to_owned(), IdNumberError::Shape),
            (number("13030219600230001"), IdNumberError::BirthDate),
            (number("13030220270101001"), IdNumberError::BirthDate),
            (number("13030200000101001"), IdNumberError::BirthDate),
            (number("13030218741231001"), IdNumberError::BirthDate),
            (number("16030219600101001"), IdNumberError::Province),
            ("一二三四五六".to_owned(), IdNumberError::Shape),
        ] {
            assert_eq!(IdNumber::parse(&text, TODAY), Err(error), "{text}");
        }
        assert!(IdNumber::parse(&number("81000019900101001"), TODAY).is_ok(), "residence permit");
        assert!(IdNumber::parse(&number("13030218750101001"), TODAY).is_ok(), "very old");
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_found(serial in 0_u32..999, place in 0_usize..17, shift in 1_u8..10) {
            let good = number(&format!("13030219850615{serial:03}"));
            let mut bytes = good.into_bytes();
            bytes[place] = b'0' + (bytes[place] - b'0' + shift) % 10;
            let bad = String::from_utf8(bytes).unwrap();
            prop_assert!(IdNumber::parse(&bad, TODAY).is_err());
        }
    }
}
