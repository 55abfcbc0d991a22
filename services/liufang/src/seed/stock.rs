//! Seed rows of inventory as requests: drugs, listings, purchases with their trace codes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use liufang_kernel::timestamp::date_text;
use liufang_kernel::{Timestamp, UnitPrice};
use liufang_proto::inventory::v1::{Drug, Listing, MovementKind, MovementRow};

use super::rows::{DrugRow, PriceRow, StockRow};
use super::{Seed, SeedSet};

/// Days between making and buying a lot.
const DAYS_TO_SHOP: i64 = 30;

/// A catalogue row.
pub fn drug(row: &DrugRow) -> Drug {
    Drug {
        med_list_codg: row.code.clone(),
        generic_name: row.generic_name.clone(),
        generic_name_en: row.generic_name_en.clone(),
        trade_name: row.trade_name.clone(),
        dosage_form: row.dosage_form.clone(),
        strength: row.strength.clone(),
        pack: row.pack.clone(),
        units_per_pack: row.units_per_pack,
        billing_unit: row.billing_unit.clone(),
        maker: row.maker.clone(),
        approval_no: row.approval_no.clone(),
        chrgitm_lv: row.chrgitm_lv.clone(),
        first_selfpay_ratio: row.first_selfpay_ratio.clone(),
        rx_flag: row.rx_flag.clone(),
        otc_class: row.otc_class.clone(),
        restricted: row.restricted,
        negotiated: row.negotiated,
        controlled: row.controlled.clone(),
        storage: row.storage.clone(),
        online_forbidden: row.online_forbidden.clone(),
        hi_mark: row.hi_mark,
        trace_prefix: row.trace_prefix.clone(),
        pay_standard: row.pay_standard.map(|price| price.to_string()).unwrap_or_default(),
        disease_codes: row.diseases.clone(),
    }
}

/// Stock rows of a set by pharmacy.
pub fn by_pharmacy(seed: &Seed, set: SeedSet) -> BTreeMap<&str, Vec<&StockRow>> {
    let mut shops: BTreeMap<&str, Vec<&StockRow>> = BTreeMap::new();
    for row in seed.stock.iter().filter(|row| set == SeedSet::Full || row.in_demo) {
        shops.entry(&row.pharmacy).or_default().push(row);
    }
    shops
}

/// Hospital prices of a set by hospital: with the demo's rows, those of the drugs that some shop of the demo has.
pub fn by_hospital(seed: &Seed, set: SeedSet) -> BTreeMap<&str, Vec<&PriceRow>> {
    let stocked: BTreeSet<&str> =
        by_pharmacy(seed, set).into_values().flatten().map(|row| row.drug.as_str()).collect();
    let mut hospitals: BTreeMap<&str, Vec<&PriceRow>> = BTreeMap::new();
    for row in seed.prices.iter().filter(|row| set == SeedSet::Full || stocked.contains(row.drug.as_str())) {
        hospitals.entry(&row.hospital).or_default().push(row);
    }
    hospitals
}

/// What a shop lists: each drug of its stock once.
pub fn shop_listings(seed: &Seed, rows: &[&StockRow]) -> Result<Vec<Listing>> {
    let mut seen = BTreeSet::new();
    let first = rows.iter().filter(|row| seen.insert(row.drug.as_str()));
    first.map(|row| shop_listing(seed, row)).collect()
}

fn shop_listing(seed: &Seed, row: &StockRow) -> Result<Listing> {
    let drug = seed.drug(&row.drug)?;
    Ok(Listing {
        fixmedins_code: row.pharmacy.clone(),
        med_list_codg: row.drug.clone(),
        fixmedins_hilist_id: row.own_code.clone(),
        price: row.price.to_string(),
        online: true,
        otc_pack: drug.is_otc_pack(),
    })
}

/// A hospital's price of a drug.
pub fn hospital_listing(row: &PriceRow) -> Listing {
    Listing {
        fixmedins_code: row.hospital.clone(),
        med_list_codg: row.drug.clone(),
        fixmedins_hilist_id: row.own_code.clone(),
        price: row.price.clone(),
        online: false,
        otc_pack: false,
    }
}

/// The purchase that brought a lot into the shop. The purchase price is invented: 85 % of what the shop asks.
pub fn purchase(seed: &Seed, row: &StockRow, now: Timestamp) -> Result<MovementRow> {
    let bought_at = Timestamp::start_of(row.made).plus_days(DAYS_TO_SHOP).min(now);
    Ok(MovementRow {
        fixmedins_bchno: row.row_key.clone(),
        kind: MovementKind::Purchase.into(),
        med_list_codg: row.drug.clone(),
        manu_lotnum: row.lot.clone(),
        manu_date: date_text(row.made),
        expy_end: date_text(row.expires),
        quantity: row.packs.to_string(),
        purchase_price: UnitPrice(row.price.0 * 85 / 100).to_string(),
        supplier: row.supplier.clone(),
        trace_codes: trace_codes(seed, row)?,
        at_us: bought_at.0,
    })
}

/// The trace code of each pack: the drug's prefix and 13 digits of the serial number.
pub fn trace_codes(seed: &Seed, row: &StockRow) -> Result<Vec<String>> {
    let prefix = &seed.drug(&row.drug)?.trace_prefix;
    Ok((0..row.packs).map(|pack| format!("{prefix}{:013}", row.first_serial + pack)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pack_has_its_own_code_of_twenty_digits() {
        let seed = Seed::read().unwrap();
        let mut codes = BTreeSet::new();
        let mut packs = 0;
        for row in &seed.stock {
            packs += row.packs;
            codes.extend(trace_codes(&seed, row).unwrap());
        }
        assert_eq!(codes.len() as u64, packs);
        assert!(codes.iter().all(|code| code.len() == 20));
    }

    #[test]
    fn the_demo_set_is_small_and_lists_each_drug_once() {
        let seed = Seed::read().unwrap();
        let shops = by_pharmacy(&seed, SeedSet::Demo);
        assert!(shops.values().map(Vec::len).sum::<usize>() < 600);
        let rows = &shops["P13030200001"];
        let listings = shop_listings(&seed, rows).unwrap();
        assert!(listings.len() < rows.len());
    }
}
