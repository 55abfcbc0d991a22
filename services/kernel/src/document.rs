//! Identity documents of insured people by type (`psn_cert_type`, `domain.md` §6.5 and §7).
//!
//! Numbers by GB 11643 say when somebody was born and which sex they have; old permanent residence cards and passports do
//! not. Upper case is all that is normalised: a letter O is never taken for a zero.

use time::Date;

use crate::Sensitive;
use crate::idcard::{IdNumber, IdNumberError};

/// Types of document that identify an insured person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentType {
    /// 01 居民身份证.
    ResidentCard,
    /// 07 外国人永久居留身份证: 18 characters by GB 11643 beginning with 9 since 2023-12-01, before 3 letters and 12 digits.
    PermanentResidence,
    /// 08 passport of a foreigner: 5 to 9 letters and digits (ICAO Doc 9303).
    ForeignPassport,
    /// 16 Chinese passport: a letter, a letter or digit and 7 digits, or the old 14 or 15 with 7 digits.
    Passport,
    /// 17 residence permit of residents of Hong Kong, Macau and Taiwan, 81 to 83.
    ResidencePermit,
}

impl DocumentType {
    pub const ALL: [DocumentType; 5] = [
        DocumentType::ResidentCard,
        DocumentType::PermanentResidence,
        DocumentType::ForeignPassport,
        DocumentType::Passport,
        DocumentType::ResidencePermit,
    ];

    /// `psn_cert_type`.
    pub const fn code(self) -> &'static str {
        match self {
            DocumentType::ResidentCard => "01",
            DocumentType::PermanentResidence => "07",
            DocumentType::ForeignPassport => "08",
            DocumentType::Passport => "16",
            DocumentType::ResidencePermit => "17",
        }
    }

    /// The type of a code; the empty text is 01.
    pub fn from_code(code: &str) -> Option<DocumentType> {
        let code = if code.is_empty() { "01" } else { code };
        DocumentType::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A checked document. `Debug` hides its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    kind: DocumentType,
    number: Sensitive<String>,
    citizen: Option<IdNumber>,
}

/// Why a number is not one of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("{0}")]
    IdNumber(#[from] IdNumberError),
    #[error("must have 18 characters beginning with 9, or 3 letters and 12 digits")]
    PermanentResidence,
    #[error("must have 5 to 9 letters and digits, with a digit among them")]
    ForeignPassport,
    #[error("must be a letter, a letter or digit and 7 digits, or 14 or 15 and 7 digits")]
    Passport,
    #[error("must begin with 81, 82 or 83")]
    ResidencePermit,
}

impl Document {
    /// Reads a number of a type; lower-case letters are raised. Type 01 takes every number by GB 11643, whoever has one:
    /// the number itself says which card it is on. `today` refuses births in the future.
    pub fn parse(kind: DocumentType, number: &str, today: Date) -> Result<Document, DocumentError> {
        let number = number.trim().to_ascii_uppercase();
        match kind {
            DocumentType::ResidentCard => Document::citizen(IdNumber::parse(&number, today)?),
            DocumentType::ResidencePermit => {
                let own = Document::citizen(IdNumber::parse(&number, today)?)?;
                if own.kind == kind { Ok(own) } else { Err(DocumentError::ResidencePermit) }
            }
            DocumentType::PermanentResidence if number.starts_with('9') => {
                Document::citizen(IdNumber::parse(&number, today)?)
            }
            DocumentType::PermanentResidence => {
                let (letters, digits) = number.split_at_checked(3).unwrap_or_default();
                let fits = letters.bytes().all(|byte| byte.is_ascii_uppercase())
                    && digits.len() == 12
                    && digits.bytes().all(|byte| byte.is_ascii_digit());
                Document::other(kind, number, fits, DocumentError::PermanentResidence)
            }
            DocumentType::ForeignPassport => {
                let fits = (5..=9).contains(&number.len())
                    && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
                    && number.bytes().any(|byte| byte.is_ascii_digit());
                Document::other(kind, number, fits, DocumentError::ForeignPassport)
            }
            DocumentType::Passport => {
                let fits = is_passport(number.as_bytes());
                Document::other(kind, number, fits, DocumentError::Passport)
            }
        }
    }

    /// A document as it was kept; `None` when it could not have been.
    pub fn stored(code: &str, number: &str) -> Option<Document> {
        Document::parse(DocumentType::from_code(code)?, number, Date::MAX).ok()
    }

    fn citizen(number: IdNumber) -> Result<Document, DocumentError> {
        let kind = match number.reveal().as_bytes() {
            [b'8', b'1'..=b'3', ..] => DocumentType::ResidencePermit,
            [b'9', ..] => DocumentType::PermanentResidence,
            _ => DocumentType::ResidentCard,
        };
        Ok(Document { kind, number: Sensitive::new(number.reveal().to_owned()), citizen: Some(number) })
    }

    fn other(
        kind: DocumentType,
        number: String,
        fits: bool,
        error: DocumentError,
    ) -> Result<Document, DocumentError> {
        if !fits {
            return Err(error);
        }
        Ok(Document { kind, number: Sensitive::new(number), citizen: None })
    }

    pub fn kind(&self) -> DocumentType {
        self.kind
    }

    /// The number itself, for encryption and for outside checks only.
    pub fn reveal(&self) -> &str {
        self.number.reveal()
    }

    /// What the keyed index is made of. Numbers by GB 11643 are unique by themselves; of the others the type is part, as two
    /// kinds of document may share a number.
    pub fn index_text(&self) -> String {
        match self.citizen {
            Some(_) => self.reveal().to_owned(),
            None => format!("{}:{}", self.kind.code(), self.reveal()),
        }
    }

    /// When its holder was born, where the number says so.
    pub fn birth_date(&self) -> Option<Date> {
        self.citizen.as_ref().map(IdNumber::birth_date)
    }

    /// `gend` of its holder, where the number says so.
    pub fn gender_code(&self) -> Option<&'static str> {
        self.citizen.as_ref().map(IdNumber::gender_code)
    }
}

fn is_passport(number: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    match number {
        [b'1', b'4' | b'5', rest @ ..] => rest.len() == 7 && digits(rest),
        [first, second, rest @ ..] => {
            first.is_ascii_uppercase() && second.is_ascii_alphanumeric() && rest.len() == 7 && digits(rest)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::idcard::check_digit;

    const TODAY: Date = date!(2026 - 11 - 22);

    fn by_standard(head: &str) -> String {
        format!("{head}{}", check_digit(head.as_bytes()) as char)
    }

    fn read(code: &str, number: &str) -> Result<Document, DocumentError> {
        Document::parse(DocumentType::from_code(code).unwrap(), number, TODAY)
    }

    #[test]
    fn numbers_by_the_standard_say_birth_and_sex() {
        for (code, head, kind) in [
            ("", "13030219850615001", DocumentType::ResidentCard),
            ("01", "81000019850615001", DocumentType::ResidencePermit),
            ("17", "83000019850615001", DocumentType::ResidencePermit),
            ("01", "91115619850615001", DocumentType::PermanentResidence),
            ("07", "91115619850615001", DocumentType::PermanentResidence),
        ] {
            let own = read(code, &by_standard(head)).unwrap();
            assert_eq!((own.kind(), own.birth_date()), (kind, Some(date!(1985 - 06 - 15))), "{code} {head}");
            assert_eq!((own.gender_code(), own.index_text()), (Some("1"), by_standard(head)));
            assert_eq!(Document::stored(own.kind().code(), own.reveal()), Some(own), "read back");
        }
    }

    #[test]
    fn other_numbers_say_neither_and_are_indexed_with_their_type() {
        for (code, text, number) in [
            ("07", "usa110185061501", "USA110185061501"),
            ("08", " l898902c3 ", "L898902C3"),
            ("08", "OO000O0", "OO000O0"),
            ("16", "e12345678", "E12345678"),
            ("16", "EA1234567", "EA1234567"),
            ("16", "141234567", "141234567"),
        ] {
            let own = read(code, text).unwrap();
            assert_eq!((own.kind().code(), own.reveal()), (code, number));
            assert_eq!((own.birth_date(), own.gender_code()), (None, None));
            assert_eq!(own.index_text(), format!("{code}:{number}"));
            assert_eq!(Document::stored(code, number), Some(own));
        }
        assert!(!format!("{:?}", read("16", "E12345678").unwrap()).contains("E1234"), "Debug hides it");
    }

    #[test]
    fn says_what_is_wrong() {
        for (code, text, error) in [
            ("07", "USA11018506150", DocumentError::PermanentResidence),
            ("07", "US1110185061501", DocumentError::PermanentResidence),
            ("07", "美国人110185061501", DocumentError::PermanentResidence),
            ("07", "911156198506150011", DocumentError::IdNumber(IdNumberError::CheckDigit)),
            ("08", "A123", DocumentError::ForeignPassport),
            ("08", "L898902C36", DocumentError::ForeignPassport),
            ("08", "L8989-2C3", DocumentError::ForeignPassport),
            ("08", "ABCDEFGH", DocumentError::ForeignPassport),
            ("16", "134567890", DocumentError::Passport),
            ("16", "E1234567", DocumentError::Passport),
            ("16", "ＥＡ1234567", DocumentError::Passport),
        ] {
            assert_eq!(read(code, text), Err(error), "{code} {text}");
        }
        assert_eq!(
            read("17", &by_standard("13030219850615001")),
            Err(DocumentError::ResidencePermit),
            "a resident's number is on no permit"
        );
        assert_eq!(DocumentType::from_code("02"), None);
    }
}
