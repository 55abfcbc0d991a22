//! Trace codes 追溯码 (`domain.md` §4.2): one per smallest sale pack, sold once.

use liufang_kernel::codes;
use serde::{Deserialize, Serialize};

use super::movement::MovementKind;

/// Where a pack is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TraceState {
    InStock,
    Dispensed,
    /// Sold and taken back.
    Returned,
    /// Left the shop other than by a sale.
    Scrapped,
}

impl TraceState {
    pub fn from_code(code: &str) -> Option<TraceState> {
        match code {
            "in_stock" => Some(TraceState::InStock),
            "dispensed" => Some(TraceState::Dispensed),
            "returned" => Some(TraceState::Returned),
            "scrapped" => Some(TraceState::Scrapped),
            _ => None,
        }
    }

    pub fn code(self) -> &'static str {
        match self {
            TraceState::InStock => "in_stock",
            TraceState::Dispensed => "dispensed",
            TraceState::Returned => "returned",
            TraceState::Scrapped => "scrapped",
        }
    }
}

/// What is known of one code; codes are unique across all institutions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceRecord {
    pub code: String,
    pub med_list_codg: String,
    /// Who has it, or had it last.
    pub fixmedins_code: String,
    pub lot_id: String,
    pub state: TraceState,
    /// The order that sold it; empty before.
    pub order_id: String,
    /// How it left when scrapped.
    pub gone_by: Option<MovementKind>,
    pub version: i64,
}

impl TraceRecord {
    /// Whether a pack that once left may come in at `institution` by `kind`: handed on to another shop or back to a
    /// supplier it may be taken anywhere, a loss may be found again where it was lost. Sold and destroyed packs never
    /// come in again this way.
    pub fn may_come_in(&self, institution: &str, kind: MovementKind) -> bool {
        if self.state != TraceState::Scrapped {
            return false;
        }
        match self.gone_by {
            Some(MovementKind::TransferOut | MovementKind::PurchaseReturn) => kind != MovementKind::Gain,
            Some(MovementKind::Loss) => kind == MovementKind::Gain && self.fixmedins_code == institution,
            _ => false,
        }
    }
}

/// Whether a domestic code can belong to a drug: the product prefix must match when both are known. Other families
/// carry no public product prefix.
pub fn fits_prefix(code: &str, drug_prefix: &str) -> bool {
    match codes::trace_prefix(code) {
        Some(prefix) if !drug_prefix.is_empty() => prefix == drug_prefix,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_bind_domestic_codes_only() {
        assert!(fits_prefix("81234567890123456789", "8123456"));
        assert!(!fits_prefix("81234567890123456789", "8199999"));
        assert!(fits_prefix("81234567890123456789", ""));
        assert!(fits_prefix("(01)06901234567892(21)AB12", "8123456"));
    }

    #[test]
    fn only_packs_that_were_handed_on_come_in_again() {
        let record = |state, gone_by| TraceRecord {
            code: "81234567890123456789".into(),
            med_list_codg: "X".into(),
            fixmedins_code: "P13030200001".into(),
            lot_id: "lot".into(),
            state,
            order_id: String::new(),
            gone_by,
            version: 1,
        };
        use MovementKind::*;
        let moved = record(TraceState::Scrapped, Some(TransferOut));
        assert!(moved.may_come_in("P13030200002", TransferIn));
        assert!(!moved.may_come_in("P13030200002", Gain));
        assert!(!record(TraceState::Scrapped, Some(Destroyed)).may_come_in("P13030200001", Purchase));
        assert!(!record(TraceState::Dispensed, None).may_come_in("P13030200001", Purchase));
        let lost = record(TraceState::Scrapped, Some(Loss));
        assert!(lost.may_come_in("P13030200001", Gain) && !lost.may_come_in("P13030200002", Gain));
    }
}
