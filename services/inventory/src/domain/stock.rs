//! Stock of one drug as its institution sees it.

use liufang_kernel::{Date, Quantity};

use super::lot::Lot;

/// All lots of a drug and their sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLevel {
    pub med_list_codg: String,
    pub on_hand: Quantity,
    pub reserved: Quantity,
    /// Saleable now: not expired, held, recalled or reserved.
    pub available: Quantity,
    /// By expiry.
    pub lots: Vec<Lot>,
}

/// Sums lots by drug. Lots that are used up are left out.
pub fn levels(lots: Vec<Lot>, today: Date) -> Vec<StockLevel> {
    let mut levels: std::collections::BTreeMap<String, StockLevel> = std::collections::BTreeMap::new();
    for lot in lots {
        let level = levels.entry(lot.med_list_codg.clone()).or_insert_with(|| StockLevel {
            med_list_codg: lot.med_list_codg.clone(),
            on_hand: Quantity::ZERO,
            reserved: Quantity::ZERO,
            available: Quantity::ZERO,
            lots: Vec::new(),
        });
        level.on_hand += lot.on_hand;
        level.reserved += lot.reserved;
        level.available += lot.available(today);
        if lot.on_hand.is_positive() {
            level.lots.push(lot);
        }
    }
    levels.into_values().collect()
}
