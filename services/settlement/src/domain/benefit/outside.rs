//! Fees outside the insured total: delivery, packing, goods without the mark. Their only way into a settlement is
//! [`super::legs::Leg::channel`], so no insured leg can ever carry one.

use liufang_kernel::Fen;
use serde::{Deserialize, Serialize};

/// What the fee is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutsideKind {
    Delivery,
    Packing,
    /// Goods without the 医保 mark.
    Goods,
}

impl OutsideKind {
    pub fn parse(text: &str) -> Option<OutsideKind> {
        Some(match text {
            "delivery" => OutsideKind::Delivery,
            "packing" => OutsideKind::Packing,
            "goods" => OutsideKind::Goods,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            OutsideKind::Delivery => "delivery",
            OutsideKind::Packing => "packing",
            OutsideKind::Goods => "goods",
        }
    }
}

/// One fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideFee {
    pub kind: OutsideKind,
    pub amount: Fen,
    pub name: String,
}

/// All fees of a quote. Deliberately neither adds to nor converts into an insured amount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OutsideFees(Vec<OutsideFee>);

impl OutsideFees {
    pub fn new(fees: Vec<OutsideFee>) -> OutsideFees {
        OutsideFees(fees)
    }

    pub fn iter(&self) -> impl Iterator<Item = &OutsideFee> {
        self.0.iter()
    }

    pub fn total(&self) -> Fen {
        self.0.iter().map(|fee| fee.amount).sum()
    }

    /// Delivery and packing: what WeChat calls `FREIGHT` (`domain.md` §2.3).
    pub fn freight(&self) -> Fen {
        self.0.iter().filter(|fee| fee.kind != OutsideKind::Goods).map(|fee| fee.amount).sum()
    }
}
