//! What the insurance knows about a person: insurance rows (1101 insuinfo), chronic registrations (5301), allergies.

use liufang_kernel::document::Document;
use liufang_kernel::{Date, Sensitive};
use serde::{Deserialize, Serialize};

use super::coded::coded;
use super::day;

coded! {
    /// State of an insurance row (`psn_insu_stas`).
    pub enum InsuranceState {
        Normal = 1,
        Suspended = 2,
        Ended = 4,
    }
}

/// One insurance row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insurance {
    /// `insutype`, e.g. 310.
    pub insutype: String,
    /// `psn_type`, e.g. 1101; matched by its first two digits.
    pub psn_type: String,
    /// `insuplc_admdvs`, 6 digits.
    pub insured_place: String,
    pub state: InsuranceState,
    pub begin: Date,
    /// Last day; absent while it lasts.
    pub end: Option<Date>,
}

impl Insurance {
    /// Over for good on `date`: neither suspended, which may be lifted, nor yet to begin.
    pub fn has_ended(&self, date: Date) -> bool {
        self.state == InsuranceState::Ended || self.end.is_some_and(|end| end < date)
    }

    /// Insured on `date`.
    pub fn in_force(&self, date: Date) -> bool {
        self.state == InsuranceState::Normal && self.begin <= date && self.end.is_none_or(|end| date <= end)
    }
}

/// One registered chronic disease. Kept sealed: it is medical data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chronic {
    pub dise_codg: String,
    pub dise_name: String,
    #[serde(with = "day")]
    pub begin: Date,
    #[serde(with = "day::optional")]
    pub end: Option<Date>,
}

/// Medical data of a person, sealed as one text.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub chronic: Vec<Chronic>,
    /// Substances by generic name.
    pub allergies: Vec<String>,
    /// Birth and sex as the insurance states them; only where the document's number does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Stated>,
}

/// What a passport's number does not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    #[serde(with = "day")]
    pub birth_date: Date,
    /// `gend`.
    pub gender: String,
}

/// National gender codes (`gend`, `domain.md` §6.5).
const GENDERS: [&str; 4] = ["0", "1", "2", "9"];

/// A gender code as it is kept.
pub fn gender(code: &str) -> Option<&'static str> {
    GENDERS.into_iter().find(|known| *known == code)
}

/// An opened person. Only the store makes one, only the wire renders one.
#[derive(Clone)]
pub struct Person {
    pub person_id: String,
    pub name: Sensitive<String>,
    pub document: Document,
    /// Empty when none is known.
    pub phone: Sensitive<String>,
    pub gender_code: &'static str,
    pub birth_date: Date,
    pub insurances: Vec<Insurance>,
    pub health: Sensitive<Health>,
    /// Real-name verification passed at least once.
    pub verified: bool,
}

/// Whether two names are the same person's: full-width letters and the variants of the middle dot are equal
/// (`domain.md` §7).
pub fn same_name(one: &str, other: &str) -> bool {
    normal_name(one) == normal_name(other)
}

fn normal_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.trim().chars() {
        out.push(match character {
            '·' | '•' | '・' | '･' | '‧' | '∙' | '．' | '.' => '·',
            '\u{3000}' => ' ',
            '\u{ff01}'..='\u{ff5e}' => half_width(character),
            other => other,
        });
    }
    out
}

fn half_width(character: char) -> char {
    char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn names_are_compared_in_one_form() {
        assert!(same_name("阿依古丽·测试", " 阿依古丽・测试 "));
        assert!(same_name("ＡＢ", "AB"));
        assert!(!same_name("测试甲", "测试乙"));
    }

    #[test]
    fn an_insurance_row_holds_between_its_dates_while_normal() {
        let row = Insurance {
            insutype: "310".to_owned(),
            psn_type: "1101".to_owned(),
            insured_place: "130302".to_owned(),
            state: InsuranceState::Normal,
            begin: date!(2020 - 01 - 01),
            end: Some(date!(2026 - 06 - 30)),
        };
        assert!(row.in_force(date!(2020 - 01 - 01)) && row.in_force(date!(2026 - 06 - 30)));
        assert!(!row.in_force(date!(2019 - 12 - 31)) && !row.in_force(date!(2026 - 07 - 01)));
        assert!(row.has_ended(date!(2026 - 07 - 01)) && !row.has_ended(date!(2026 - 06 - 30)));
        let suspended = Insurance { state: InsuranceState::Suspended, ..row };
        assert!(!suspended.in_force(date!(2021 - 01 - 01)));
        assert!(!suspended.has_ended(date!(2021 - 01 - 01)), "a suspension may be lifted");
        assert!(!suspended.has_ended(date!(2019 - 01 - 01)), "nor is over what is yet to begin");
    }
}
