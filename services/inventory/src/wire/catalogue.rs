//! Requests of the catalogue.

use liufang_kernel::{Ratio, Violations};
use liufang_platform::CallMeta;
use liufang_proto::inventory::v1 as pb;

use super::{
    MAX_ROWS, asked_codes, bounded, checked, drug_code, institution_code, optional_price, page_size,
    page_token, price,
};
use crate::app::{PublishListings, Rows, SearchDrugs};
use crate::domain::{Drug, Listing, RxFlag};

const CONTROLLED: [&str; 7] = ["none", "narcotic", "psych1", "psych2", "toxic", "radioactive", "precursor"];
const STORAGE: [&str; 3] = ["normal", "cool", "cold_2_8"];

pub fn import_drugs(request: pb::ImportDrugsRequest, _: &CallMeta) -> Result<Rows<Drug>, Violations> {
    let mut violations = Violations::new();
    let rows = bounded(request.rows, "rows", MAX_ROWS, &mut violations);
    checked(violations, rows.into_iter().map(drug).collect())
}

fn drug(row: pb::Drug) -> Result<Drug, Violations> {
    let mut v = Violations::new();
    let units = u32::try_from(row.units_per_pack).ok().filter(|units| (1..=100_000).contains(units));
    v.check(units.is_some(), "units_per_pack", "must be 1 to 100000");
    let rx_flag = RxFlag::from_code(&row.rx_flag);
    v.check(rx_flag.is_some(), "rx_flag", "must be 0, 1 or 2");
    v.check(["1", "2", "3"].contains(&row.chrgitm_lv.as_str()), "chrgitm_lv", "must be 1, 2 or 3");
    v.check(["", "甲", "乙"].contains(&row.otc_class.as_str()), "otc_class", "must be 甲, 乙 or empty");
    let controlled = if row.controlled.is_empty() { "none".to_owned() } else { row.controlled };
    v.check(CONTROLLED.contains(&controlled.as_str()), "controlled", "is not a known class");
    let storage = if row.storage.is_empty() { "normal".to_owned() } else { row.storage };
    v.check(STORAGE.contains(&storage.as_str()), "storage", "must be normal, cool or cold_2_8");
    let prefix_fits = row.trace_prefix.is_empty()
        || (row.trace_prefix.len() == 7 && row.trace_prefix.bytes().all(|byte| byte.is_ascii_digit()));
    v.check(prefix_fits, "trace_prefix", "must be seven digits or empty");
    let ratio_text = if row.first_selfpay_ratio.is_empty() { "0" } else { &row.first_selfpay_ratio };
    let first_selfpay_ratio = v.take("first_selfpay_ratio", ratio_text.parse::<Ratio>());
    let pay_standard = optional_price(&mut v, "pay_standard", &row.pay_standard);
    let mut disease_codes = Vec::new();
    for code in &row.disease_codes {
        // regions add codes of their own to the national list, e.g. with a prefix and a hyphen
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let fits = (1..=30).contains(&code.len()) && code.bytes().all(plain);
        v.check(fits, "disease_codes", "must be disease codes");
        disease_codes.push(code.clone());
    }
    let drug = Drug {
        med_list_codg: drug_code(&mut v, "med_list_codg", &row.med_list_codg),
        generic_name: v.text("generic_name", &row.generic_name, 200),
        generic_name_en: v.optional_text("generic_name_en", &row.generic_name_en, 200),
        trade_name: v.optional_text("trade_name", &row.trade_name, 200),
        dosage_form: v.text("dosage_form", &row.dosage_form, 100),
        strength: v.text("strength", &row.strength, 100),
        pack: v.text("pack", &row.pack, 100),
        units_per_pack: units.unwrap_or(1),
        billing_unit: v.text("billing_unit", &row.billing_unit, 20),
        maker: v.text("maker", &row.maker, 200),
        approval_no: v.optional_text("approval_no", &row.approval_no, 100),
        chrgitm_lv: row.chrgitm_lv,
        first_selfpay_ratio: first_selfpay_ratio.unwrap_or(Ratio::ZERO),
        rx_flag: rx_flag.unwrap_or(RxFlag::Rx),
        otc_class: row.otc_class,
        restricted: row.restricted,
        negotiated: row.negotiated,
        controlled,
        storage,
        online_forbidden: v.optional_text("online_forbidden", &row.online_forbidden, 50),
        hi_mark: row.hi_mark,
        trace_prefix: row.trace_prefix,
        pay_standard,
        disease_codes,
    };
    checked(v, drug)
}

pub fn get_drug(request: pb::GetDrugRequest, _: &CallMeta) -> Result<String, Violations> {
    let mut violations = Violations::new();
    let code = violations.text("med_list_codg", &request.med_list_codg, 50);
    checked(violations, code)
}

pub fn batch_get_drugs(request: pb::BatchGetDrugsRequest, _: &CallMeta) -> Result<Vec<String>, Violations> {
    let mut violations = Violations::new();
    let codes = bounded(request.med_list_codgs, "med_list_codgs", 100, &mut violations);
    let mut codes = asked_codes(&mut violations, "med_list_codgs", &codes);
    codes.sort();
    codes.dedup();
    checked(violations, codes)
}

pub fn search_drugs(request: pb::SearchDrugsRequest, _: &CallMeta) -> Result<SearchDrugs, Violations> {
    let mut violations = Violations::new();
    let rx_flag = RxFlag::from_code(&request.rx_flag);
    violations.check(request.rx_flag.is_empty() || rx_flag.is_some(), "rx_flag", "must be 0, 1, 2 or empty");
    let page = request.page.as_ref();
    let search = SearchDrugs {
        query: violations.optional_text("query", &request.query, 50),
        only_hi_mark: request.only_hi_mark,
        rx_flag,
        after: page_token::<2>(page, &mut violations).map(|[code, name]| (name, code)),
        page_size: page_size(page, &mut violations),
    };
    checked(violations, search)
}

pub fn publish_listings(
    request: pb::PublishListingsRequest,
    _: &CallMeta,
) -> Result<PublishListings, Violations> {
    let mut violations = Violations::new();
    let rows = bounded(request.rows, "rows", MAX_ROWS, &mut violations);
    checked(violations, rows.into_iter().map(listing).collect())
}

fn listing(row: pb::Listing) -> Result<Listing, Violations> {
    let mut violations = Violations::new();
    let price = price(&mut violations, "price", &row.price);
    let listing = Listing {
        fixmedins_code: institution_code(&mut violations, "fixmedins_code", &row.fixmedins_code),
        med_list_codg: drug_code(&mut violations, "med_list_codg", &row.med_list_codg),
        fixmedins_hilist_id: violations.optional_text("fixmedins_hilist_id", &row.fixmedins_hilist_id, 30),
        price: price.unwrap_or_default(),
        online: row.online,
        otc_pack: row.otc_pack,
    };
    checked(violations, listing)
}
