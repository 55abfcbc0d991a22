//! Which row of a region pack a number comes from.

use std::fmt;
use std::str::FromStr;

use liufang_kernel::Date;
use liufang_kernel::region::{Benefit, ConsultationFee, Scheme, Terms};
use liufang_kernel::timestamp::{date_text, parse_date};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The tables a settlement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackTable {
    Benefit,
    Scheme,
    ConsultationFee,
}

impl PackTable {
    const ALL: [PackTable; 3] = [PackTable::Benefit, PackTable::Scheme, PackTable::ConsultationFee];

    fn word(self) -> &'static str {
        match self {
            PackTable::Benefit => "benefit",
            PackTable::Scheme => "scheme",
            PackTable::ConsultationFee => "consultation_fee",
        }
    }
}

/// A row by its number in the file and its first day in force: `benefit[3]@2024-07-01`. The version of the pack stands beside
/// it in the quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackRow {
    table: PackTable,
    number: u32,
    from: Date,
}

impl PackRow {
    fn new(table: PackTable, terms: &Terms) -> PackRow {
        PackRow { table, number: terms.number, from: terms.valid_from }
    }
}

impl From<&Benefit> for PackRow {
    fn from(row: &Benefit) -> PackRow {
        PackRow::new(PackTable::Benefit, &row.terms)
    }
}

impl From<&Scheme> for PackRow {
    fn from(row: &Scheme) -> PackRow {
        PackRow::new(PackTable::Scheme, &row.terms)
    }
}

impl From<&ConsultationFee> for PackRow {
    fn from(row: &ConsultationFee) -> PackRow {
        PackRow::new(PackTable::ConsultationFee, &row.terms)
    }
}

impl fmt::Display for PackRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]@{}", self.table.word(), self.number, date_text(self.from))
    }
}

/// Text that is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not table[number]@date")]
pub struct NoPackRow;

impl FromStr for PackRow {
    type Err = NoPackRow;

    fn from_str(text: &str) -> Result<PackRow, NoPackRow> {
        let (row, from) = text.split_once('@').ok_or(NoPackRow)?;
        let (word, number) = row.strip_suffix(']').and_then(|row| row.split_once('[')).ok_or(NoPackRow)?;
        let table = PackTable::ALL.into_iter().find(|table| table.word() == word).ok_or(NoPackRow)?;
        let number = number.parse().map_err(|_| NoPackRow)?;
        Ok(PackRow { table, number, from: parse_date(from).ok_or(NoPackRow)? })
    }
}

impl Serialize for PackRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PackRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PackRow, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use liufang_kernel::region::RegionPack;

    use super::*;

    #[test]
    fn a_row_is_named_as_the_reader_counts() {
        let text = include_str!("../../../../../deploy/regions/qinhuangdao.toml");
        let pack = RegionPack::parse(text).unwrap();
        for (index, row) in pack.benefits.iter().enumerate() {
            let row = PackRow::from(row);
            let head = format!("benefit[{}]@", index + 1);
            assert!(row.to_string().starts_with(&head), "{row}");
            assert_eq!(row.to_string().parse(), Ok(row));
        }
        assert!(PackRow::from(&pack.schemes[0]).to_string().starts_with("scheme[1]@"));
        for wrong in
            ["", "benefit", "benefit[1]", "benefit[x]@2024-07-01", "shop[1]@2024-07-01", "benefit[1]@x"]
        {
            assert_eq!(wrong.parse::<PackRow>(), Err(NoPackRow), "{wrong}");
        }
    }
}
