//! Stock of one drug as its institution sees it, and as a buyer may count on it.

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

/// What of a drug can be sold today, by the days until its lots expire; those that expire first come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FreeStock(Vec<(i64, Quantity)>);

impl FreeStock {
    /// Adds saleable stock that expires in `days`.
    pub fn add(&mut self, days: i64, quantity: Quantity) {
        let place = self.0.partition_point(|(other, _)| *other <= days);
        self.0.insert(place, (days, quantity));
    }

    /// What lasts for a supply of `use_days`; 0: everything.
    pub fn for_use(&self, use_days: u16) -> Quantity {
        let lasting = self.0.iter().filter(|(days, _)| i64::from(use_days) <= *days);
        lasting.map(|(_, quantity)| *quantity).sum()
    }

    /// Takes `want` out of what lasts, first expired first; `false` and nothing when there is not enough.
    pub fn take(&mut self, want: Quantity, use_days: u16) -> bool {
        if self.for_use(use_days) < want {
            return false;
        }
        let mut missing = want;
        for (_, quantity) in self.0.iter_mut().filter(|(days, _)| i64::from(use_days) <= *days) {
            let part = missing.min(*quantity);
            *quantity -= part;
            missing -= part;
        }
        true
    }
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
