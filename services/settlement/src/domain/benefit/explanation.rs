//! Why a number is what it is. The figures stay numbers until somebody reads them: a basket has dozens, and most quotes
//! are never opened.

use std::borrow::Cow;
use std::fmt;

use liufang_kernel::{Fen, Quantity, Ratio, UnitPrice};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::pack_row::PackRow;

/// One number of a settlement and the rule that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// National field name.
    pub field: Cow<'static, str>,
    pub amount: Fen,
    /// Machine-readable rule.
    pub rule: Cow<'static, str>,
    /// The figures used.
    pub detail: Detail,
    /// The row of the region pack that the rule stands in; none where it is the same in every region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<PackRow>,
}

impl Explanation {
    pub fn new(field: &'static str, amount: Fen, rule: &'static str, detail: Detail) -> Explanation {
        Explanation { field: field.into(), amount, rule: rule.into(), detail, row: None }
    }

    /// The same, by a row of the region pack.
    pub fn by(self, row: Option<PackRow>) -> Explanation {
        Explanation { row, ..self }
    }
}

/// The figures of a rule. Written as text (`120.00 − 100 × 1`), kept as text where a quote is stored.
#[derive(Clone, Debug)]
pub enum Detail {
    /// The amount itself.
    Amount(Fen),
    /// `price × quantity`
    Product(UnitPrice, Quantity),
    /// `amount − price × quantity`
    LessProduct(Fen, UnitPrice, Quantity),
    /// `base × ratio`
    Share(Fen, Ratio),
    /// `amount − other`
    Less(Fen, Fen),
    /// `amount − other used`: what the year has left
    LessUsed(Fen, Fen),
    /// A fixed share of a visit.
    PerVisit(Fen),
    /// A sum of so many.
    Sum(usize, &'static str),
    /// As it was read, or a word.
    Text(Cow<'static, str>),
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Detail::Amount(amount) => write!(f, "{amount}"),
            Detail::Product(price, quantity) => write!(f, "{price} × {quantity}"),
            Detail::LessProduct(amount, price, quantity) => write!(f, "{amount} − {price} × {quantity}"),
            Detail::Share(base, ratio) => write!(f, "{base} × {ratio}"),
            Detail::Less(amount, other) => write!(f, "{amount} − {other}"),
            Detail::LessUsed(amount, used) => write!(f, "{amount} − {used} used"),
            Detail::PerVisit(share) => write!(f, "{share} a visit"),
            Detail::Sum(count, of) => write!(f, "sum of {count} {of}"),
            Detail::Text(text) => f.write_str(text),
        }
    }
}

/// Equal is what reads the same, whether it was stored in between or not.
impl PartialEq for Detail {
    fn eq(&self, other: &Detail) -> bool {
        self.to_string() == other.to_string()
    }
}
impl Eq for Detail {}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Detail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Detail, D::Error> {
        String::deserialize(deserializer).map(|text| Detail::Text(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_explanation_reads_as_before() {
        let explanation = Explanation::new(
            "overlmt_amt",
            Fen(2_000),
            "PAY_STANDARD",
            Detail::LessProduct(Fen(12_000), UnitPrice(100_000_000), Quantity(10_000)),
        );
        let text = serde_json::to_string(&explanation).unwrap();
        assert_eq!(
            text,
            r#"{"field":"overlmt_amt","amount":2000,"rule":"PAY_STANDARD","detail":"120.00 − 100 × 1"}"#
        );
        let read: Explanation = serde_json::from_str(&text).unwrap();
        assert_eq!(read, explanation);
        assert!(matches!(read.detail, Detail::Text(_)));
    }
}
