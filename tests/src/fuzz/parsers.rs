//! A function per parser: reads any bytes, and when something comes out, writes it and reads it again.

use liufang_kernel::codes::{
    drug_code_kind, is_institution_code, is_region_code, substance_key, therapy_class, trace_family,
    trace_prefix,
};
use liufang_kernel::document::{Document, DocumentType};
use liufang_kernel::idcard::IdNumber;
use liufang_kernel::phone::Phone;
use liufang_kernel::region::RegionPack;
use liufang_kernel::timestamp::{date_text, parse_date};
use liufang_kernel::{Fen, Quantity, Ratio, Timestamp, UnitPrice};
use liufang_platform::deadline::parse_timeout;
use liufang_platform::mesh::parse_targets;
use liufang_prescription::domain::frequency::{Usage, usage};
use liufang_prescription::domain::json::Json;

/// Takes anything; panics when a parser breaks a promise.
type Parser = fn(&[u8]);

/// Every parser by the name of its fuzz target.
pub const ALL: [(&str, Parser); 11] = [
    ("id_card", id_card),
    ("phone", phone),
    ("quantity", quantity),
    ("money", money),
    ("codes", codes),
    ("date", date),
    ("region_pack", region_pack),
    ("signed_document", signed_document),
    ("frequency", frequency),
    ("deadline", deadline),
    ("addresses", addresses),
];

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// GB 11643, and every other document by its type.
pub fn id_card(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let today = Timestamp(1_795_312_800_000_000).china_date();
    if let Ok(number) = IdNumber::parse(text, today) {
        assert!(number.birth_date() <= today && 1_800 < number.birth_date().year());
        assert!(["1", "2"].contains(&number.gender_code()));
        assert_eq!(IdNumber::parse(number.reveal(), today).as_ref(), Ok(&number));
        assert!(!format!("{number:?}").contains(number.reveal()), "it hides itself");
    }
    for kind in DocumentType::ALL {
        if let Ok(document) = Document::parse(kind, text, today) {
            assert_eq!(Document::stored(document.kind().code(), document.reveal()).as_ref(), Some(&document));
            assert!(!format!("{document:?}").contains(document.reveal()), "it hides itself");
        }
    }
}

/// Mainland mobiles.
pub fn phone(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(phone) = Phone::parse(text) {
        assert!(phone.reveal().len() == 11 && phone.reveal().bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(Phone::parse(phone.reveal()).map(|again| again == phone), Ok(true));
    }
}

/// `N16,4`.
pub fn quantity(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(quantity) = text.parse::<Quantity>() {
        assert_eq!(quantity.to_string().parse(), Ok(quantity));
        let _ = (quantity.as_whole(), quantity.begun(), quantity.is_positive());
    }
}

/// Yuan, prices of a unit, ratios.
pub fn money(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(fen) = Fen::from_yuan(text) {
        assert_eq!(Fen::from_yuan(&fen.to_yuan()), Ok(fen));
        let _ = (fen.checked_add(fen), fen.checked_sub(fen), fen.or_zero());
    }
    if let Ok(price) = text.parse::<UnitPrice>() {
        assert_eq!(price.to_string().parse(), Ok(price));
        // what a pack may cost and how many may be sold: the product is money, never a wrap
        if price.0.abs() < 1_000_000_000_000 {
            let _ = price.times(Quantity::whole(9_999));
        }
    }
    if let Ok(ratio) = text.parse::<Ratio>() {
        assert_eq!(ratio.complement().complement(), ratio);
        assert!((0..=1_000_000).contains(&ratio.millionths()));
        assert!(ratio.of(Fen(1_000)).0 <= 1_000);
    }
}

/// Codes of drugs, institutions, regions, packs.
pub fn codes(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let _ = (drug_code_kind(text), substance_key(text), therapy_class(text));
    let _ = (is_institution_code(text), is_region_code(text), trace_family(text));
    if let Some(prefix) = trace_prefix(text) {
        assert!(text.starts_with(prefix));
    }
}

/// `yyyy-MM-dd`.
pub fn date(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(date) = parse_date(text) {
        assert_eq!(parse_date(&date_text(date)), Some(date));
        assert_eq!(Timestamp::start_of(date).china_date(), date);
    }
}

/// A region's TOML: consistent, or every mistake in words.
pub fn region_pack(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Err(mistakes) = RegionPack::parse(text) {
        assert!(!mistakes.is_empty());
    }
}

/// The canonical writer of what doctors sign: JSON that anybody else reads as the same text.
pub fn signed_document(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let json =
        Json::object([("rxTraceCode", Json::text(text.clone())), ("rxdrugdetail", Json::List(vec![]))]);
    let bytes = json.to_bytes();
    let read: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
    assert_eq!(read["rxTraceCode"], text);
    assert_eq!(bytes, json.to_bytes(), "the same value, the same bytes");
}

/// `used_frqu_codg` and its arithmetic.
pub fn frequency(data: &[u8]) {
    let (code, rest) = data.split_at(data.len().min(2));
    let Some(Usage::Regular(frequency)) = usage(code) else { return };
    assert!(0 < frequency.times && 0 < frequency.days);
    let number = |at: usize| {
        let bytes = rest.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, i64::from_le_bytes).saturating_abs()
    };
    let (dose, days, pack) = (number(0), number(8) % 100_000_000, number(16) % 100_000_000_000);
    let dose = dose % 100_000_000_000;
    let packs = frequency.packs_needed(dose, days, pack);
    assert!(0 <= packs);
    if 0 < pack && packs < 1_000_000 {
        let all = i64::try_from(packs).unwrap_or_default() * pack;
        let one_less = all - pack;
        // so many packs last, and one fewer would not
        assert!(packs == 0 || !frequency.lasts_longer(one_less, dose, days));
    }
}

/// `grpc-timeout`.
pub fn deadline(data: &[u8]) {
    if let Some(text) = text(data) {
        let _ = parse_timeout(text);
    }
}

/// `mesh.peers` and `hooks`.
pub fn addresses(data: &[u8]) {
    let Some(text) = text(data) else { return };
    match parse_targets(text) {
        Ok(targets) => assert!(!targets.is_empty()),
        Err(mistake) => assert!(!mistake.is_empty()),
    }
}
