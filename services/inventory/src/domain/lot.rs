//! Lots: one maker's lot of one drug in one institution.

use liufang_kernel::{Date, Quantity};
use serde::{Deserialize, Serialize};

/// Whether a lot may be sold at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LotState {
    Ok,
    /// Waits for a decision of the institution.
    Held,
    /// Called back by maker or regulator.
    Recalled,
}

impl LotState {
    pub fn from_code(code: &str) -> Option<LotState> {
        match code {
            "ok" => Some(LotState::Ok),
            "held" => Some(LotState::Held),
            "recalled" => Some(LotState::Recalled),
            _ => None,
        }
    }

    pub fn code(self) -> &'static str {
        match self {
            LotState::Ok => "ok",
            LotState::Held => "held",
            LotState::Recalled => "recalled",
        }
    }
}

/// How the packs of a lot came in. Packs of one maker's lot number are kept apart by origin, because only the origin
/// tells whether every pack has a known trace code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// Every pack has a known trace code.
    Coded,
    /// The no-code list 无码库: bought without codes (`domain.md` §4.2).
    Uncoded,
    /// Sold and taken back. Begins as [`LotState::Held`]: returned drugs are not sold again unless the institution
    /// frees the lot with a written reason.
    Returned,
    /// Like [`Origin::Returned`], for packs of the no-code list.
    ReturnedUncoded,
}

impl Origin {
    /// Whether every pack of such a lot leaves by its trace code.
    pub fn has_codes(self) -> bool {
        matches!(self, Origin::Coded | Origin::Returned)
    }

    /// Where packs of this origin go when a customer brings them back.
    pub fn taken_back(self) -> Origin {
        if self.has_codes() { Origin::Returned } else { Origin::ReturnedUncoded }
    }

    pub fn from_code(code: &str) -> Option<Origin> {
        match code {
            "coded" => Some(Origin::Coded),
            "uncoded" => Some(Origin::Uncoded),
            "returned" => Some(Origin::Returned),
            "returned_uncoded" => Some(Origin::ReturnedUncoded),
            _ => None,
        }
    }

    pub fn code(self) -> &'static str {
        match self {
            Origin::Coded => "coded",
            Origin::Uncoded => "uncoded",
            Origin::Returned => "returned",
            Origin::ReturnedUncoded => "returned_uncoded",
        }
    }
}

/// Stock of one lot. Invariant: `0 ≤ reserved ≤ on_hand`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    pub lot_id: String,
    pub fixmedins_code: String,
    pub med_list_codg: String,
    pub manu_lotnum: String,
    pub origin: Origin,
    pub manu_date: Option<Date>,
    /// 有效期至. Nothing is sold from this date on, so the last day is kept as a margin.
    pub expy_end: Date,
    pub on_hand: Quantity,
    pub reserved: Quantity,
    pub state: LotState,
}

impl Lot {
    /// In the shop and not held for an order.
    pub fn free(&self) -> Quantity {
        self.on_hand - self.reserved
    }

    pub fn is_expired(&self, today: Date) -> bool {
        self.expy_end <= today
    }

    /// Neither expired, held nor recalled.
    pub fn is_saleable(&self, today: Date) -> bool {
        self.state == LotState::Ok && !self.is_expired(today)
    }

    /// Whether the lot does not expire before `until`; `None`: no demand.
    pub fn lasts(&self, until: Option<Date>) -> bool {
        until.is_none_or(|until| until <= self.expy_end)
    }

    /// What an order could still take today.
    pub fn available(&self, today: Date) -> Quantity {
        if self.is_saleable(today) { self.free() } else { Quantity::ZERO }
    }
}

/// The day on which a supply of `use_days` that begins today is used up: no lot of it may expire before. `None`: no
/// demand.
pub fn used_up(today: Date, use_days: u16) -> Option<Date> {
    (0 < use_days).then(|| today.saturating_add(time::Duration::days(i64::from(use_days))))
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    pub const SHOP: &str = "P13030200001";

    pub fn lot(id: &str, drug: &str, expy_end: Date, on_hand: i64, origin: Origin) -> Lot {
        Lot {
            lot_id: id.into(),
            fixmedins_code: SHOP.into(),
            med_list_codg: drug.into(),
            manu_lotnum: format!("LOT-{id}"),
            origin,
            manu_date: None,
            expy_end,
            on_hand: Quantity::whole(on_hand),
            reserved: Quantity::ZERO,
            state: LotState::Ok,
        }
    }
}
