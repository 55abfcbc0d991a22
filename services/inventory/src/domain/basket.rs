//! Prices a basket at one institution and names every line that cannot be sold.

use std::collections::{HashMap, HashSet};

use liufang_kernel::region::PriceCeiling;
use liufang_kernel::{Fen, Quantity, UnitPrice};
use serde::{Deserialize, Serialize};

use super::drug::{Drug, Listing, RxFlag};
use super::parity::{self, Policy};
use super::stock::FreeStock;

/// One basket line as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub line_no: i32,
    pub med_list_codg: String,
    /// Billing units, positive.
    pub quantity: Quantity,
    /// Ceiling per billing unit; `None`: no price parity.
    pub hospital_price: Option<UnitPrice>,
    /// The prescribed drug, for maker and specification; `None`: no such parity.
    pub prescribed_code: Option<String>,
    /// Days of supply that a pack must last; 0: no demand.
    pub use_days: u16,
}

/// Why a line cannot be sold here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineReason {
    NotListed,
    ShortStock,
    PriceAboveHospital,
    OtherMaker,
    OtherSpecification,
    RxNotAllowed,
    OnlineForbidden,
    NotSoldOnline,
    SplitPack,
}

impl LineReason {
    /// The word of the reason registry.
    pub fn word(self) -> &'static str {
        match self {
            LineReason::NotListed => "NOT_LISTED",
            LineReason::ShortStock => "SHORT_STOCK",
            LineReason::PriceAboveHospital => "PRICE_ABOVE_HOSPITAL",
            LineReason::OtherMaker => "OTHER_MAKER",
            LineReason::OtherSpecification => "OTHER_SPECIFICATION",
            LineReason::RxNotAllowed => "RX_NOT_ALLOWED",
            LineReason::OnlineForbidden => "ONLINE_FORBIDDEN",
            LineReason::NotSoldOnline => "NOT_SOLD_ONLINE",
            LineReason::SplitPack => "SPLIT_PACK",
        }
    }
}

/// A refused line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRefusal {
    pub line_no: i32,
    pub med_list_codg: String,
    pub reason: LineReason,
    /// What could be sold now; only with [`LineReason::ShortStock`].
    pub available: Option<Quantity>,
}

/// A line that can be sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    pub line_no: i32,
    pub drug: Drug,
    pub quantity: Quantity,
    pub price: UnitPrice,
    /// `round₂(price × quantity)`, half up.
    pub amount: Fen,
    pub otc_pack: bool,
}

/// What is known about one institution, by drug code. Prescribed drugs are among `drugs` too.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    pub drugs: HashMap<String, Drug>,
    pub listings: HashMap<String, Listing>,
    /// Saleable now.
    pub available: HashMap<String, FreeStock>,
}

/// The rules a basket is priced under.
#[derive(Clone, Debug)]
pub struct Rules {
    /// An OTC order placed online.
    pub online_otc: bool,
    pub policy: Policy,
    /// Drugs that the region's negative list names.
    pub banned: HashSet<String>,
}

/// Prices every line, or names every line that is refused. Lines of the same drug share its stock.
pub fn price(asks: &[Ask], shelf: &Shelf, rules: &Rules) -> Result<Vec<Priced>, Vec<LineRefusal>> {
    let mut left = shelf.available.clone();
    let mut priced = Vec::new();
    let mut refused = Vec::new();
    for ask in asks {
        match price_line(ask, shelf, rules, &mut left) {
            Ok(line) => priced.push(line),
            Err(reason) => refused.push(LineRefusal {
                line_no: ask.line_no,
                med_list_codg: ask.med_list_codg.clone(),
                reason,
                available: (reason == LineReason::ShortStock).then(|| {
                    left.get(&ask.med_list_codg).map(|free| free.for_use(ask.use_days)).unwrap_or_default()
                }),
            }),
        }
    }
    if refused.is_empty() { Ok(priced) } else { Err(refused) }
}

/// Order of checks: listed → may be sold online → parity → whole packs → stock.
fn price_line(
    ask: &Ask,
    shelf: &Shelf,
    rules: &Rules,
    left: &mut HashMap<String, FreeStock>,
) -> Result<Priced, LineReason> {
    let code = &ask.med_list_codg;
    let drug = shelf.drugs.get(code).ok_or(LineReason::NotListed)?;
    let Some(listing) = shelf.listings.get(code) else {
        return Err(instead(ask, shelf, rules.policy).unwrap_or(LineReason::NotListed));
    };
    if rules.online_otc {
        online_otc(drug, listing, rules.banned.contains(code))?;
    }
    check_parity(ask, drug, listing.price, shelf, rules.policy)?;
    whole_packs(drug, ask.quantity)?;
    if !left.entry(code.clone()).or_default().take(ask.quantity, ask.use_days) {
        return Err(LineReason::ShortStock);
    }
    Ok(Priced {
        line_no: ask.line_no,
        drug: drug.clone(),
        quantity: ask.quantity,
        price: listing.price,
        amount: listing.price.times(ask.quantity),
        otc_pack: listing.otc_pack,
    })
}

/// What the institution sells in place of a prescribed drug it does not list: why that does not stand for it.
fn instead(ask: &Ask, shelf: &Shelf, policy: Policy) -> Option<LineReason> {
    let prescribed = shelf.drugs.get(ask.prescribed_code.as_ref()?)?;
    let listed = shelf.listings.keys().filter_map(|code| shelf.drugs.get(code));
    let related = listed.filter(|drug| drug.substance() == prescribed.substance());
    let reasons = related.filter_map(|drug| parity::difference(prescribed, drug, policy.parity));
    // the closest one: another maker before another specification
    reasons.min_by_key(|reason| *reason != LineReason::OtherMaker)
}

/// The OTC-only gate (`domain.md` §8, §9.1): no prescription drug, 双跨 only as the OTC pack, nothing banned online.
pub fn online_otc(drug: &Drug, listing: &Listing, banned_in_region: bool) -> Result<(), LineReason> {
    let needs_prescription = match drug.rx_flag {
        RxFlag::Otc => false,
        RxFlag::Rx => true,
        RxFlag::Double => !listing.otc_pack,
    };
    if needs_prescription {
        Err(LineReason::RxNotAllowed)
    } else if drug.is_online_forbidden() || banned_in_region {
        Err(LineReason::OnlineForbidden)
    } else if !listing.online {
        Err(LineReason::NotSoldOnline)
    } else {
        Ok(())
    }
}

/// Packs are not split for an order: every pack carries one trace code (`domain.md` §4.2).
pub fn whole_packs(drug: &Drug, quantity: Quantity) -> Result<(), LineReason> {
    let whole = drug.is_weighed() || quantity.as_whole().is_some();
    if whole { Ok(()) } else { Err(LineReason::SplitPack) }
}

fn check_parity(
    ask: &Ask,
    drug: &Drug,
    price: UnitPrice,
    shelf: &Shelf,
    policy: Policy,
) -> Result<(), LineReason> {
    let prescribed = match &ask.prescribed_code {
        // a prescribed drug the catalogue does not know cannot be compared, so nothing stands for it but itself
        Some(code) => match shelf.drugs.get(code) {
            Some(prescribed) => prescribed,
            None => return Err(LineReason::OtherSpecification),
        },
        None => drug,
    };
    if let Some(reason) = parity::difference(prescribed, drug, policy.parity) {
        return Err(reason);
    }
    let Some(ceiling) = ask.hospital_price.filter(|_| policy.ceiling == PriceCeiling::Hospital) else {
        return Ok(());
    };
    let above = parity::is_above(ceiling, prescribed.units_per_pack, price, drug.units_per_pack);
    if above { Err(LineReason::PriceAboveHospital) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::drug::samples::*;
    use super::super::lot::samples::SHOP;
    use super::*;

    fn shelf(drugs: Vec<Drug>, otc_pack: bool) -> Shelf {
        let mut shelf = Shelf::default();
        for drug in drugs {
            let code = drug.med_list_codg.clone();
            let listing = Listing {
                fixmedins_code: SHOP.into(),
                med_list_codg: code.clone(),
                fixmedins_hilist_id: "A1".into(),
                price: "19.9".parse().unwrap(),
                online: true,
                otc_pack,
            };
            shelf.listings.insert(code.clone(), listing);
            shelf.available.entry(code.clone()).or_default().add(100, Quantity::whole(3));
            shelf.drugs.insert(code, drug);
        }
        shelf
    }

    fn ask(code: &str, packs: i64) -> Ask {
        Ask {
            line_no: 1,
            med_list_codg: code.into(),
            quantity: Quantity::whole(packs),
            hospital_price: None,
            prescribed_code: None,
            use_days: 0,
        }
    }

    fn rules(online_otc: bool) -> Rules {
        Rules { online_otc, policy: Policy::STRICT, banned: HashSet::new() }
    }

    fn reason(asks: &[Ask], shelf: &Shelf, rules: &Rules) -> Option<LineReason> {
        price(asks, shelf, rules).err().map(|refused| refused[0].reason)
    }

    #[test]
    fn an_unlisted_drug_is_refused_by_what_is_sold_instead() {
        let other = drug(OTHER_PACK, "甲厂", "5mg", 14);
        let mut shelf = shelf(vec![other], false);
        let prescribed = drug(AMLODIPINE, "甲厂", "5mg", 28);
        shelf.drugs.insert(prescribed.med_list_codg.clone(), prescribed);
        let plain = ask(AMLODIPINE, 1);
        let renewal = Ask { prescribed_code: Some(AMLODIPINE.into()), ..plain.clone() };
        assert_eq!(reason(&[plain], &shelf, &rules(false)), Some(LineReason::NotListed));
        assert_eq!(reason(&[renewal], &shelf, &rules(false)), Some(LineReason::OtherSpecification));
    }

    #[test]
    fn amounts_are_rounded_once_per_line() {
        let shelf = shelf(vec![drug(AMLODIPINE, "甲厂", "5mg", 28)], false);
        let lines = price(&[ask(AMLODIPINE, 3)], &shelf, &rules(false)).unwrap();
        assert_eq!(lines[0].amount, Fen(5970));
    }

    #[test]
    fn lines_of_one_drug_share_its_stock() {
        let shelf = shelf(vec![drug(AMLODIPINE, "甲厂", "5mg", 28)], false);
        let refused = price(&[ask(AMLODIPINE, 2), ask(AMLODIPINE, 2)], &shelf, &rules(false)).unwrap_err();
        assert_eq!(refused.len(), 1);
        assert_eq!(
            (refused[0].reason, refused[0].available),
            (LineReason::ShortStock, Some(Quantity::whole(1)))
        );
    }

    #[test]
    fn stock_that_does_not_last_does_not_count() {
        let shelf = shelf(vec![drug(AMLODIPINE, "甲厂", "5mg", 28)], false);
        let for_days = |use_days| [Ask { use_days, ..ask(AMLODIPINE, 2) }];
        assert_eq!(reason(&for_days(100), &shelf, &rules(false)), None);
        let refused = price(&for_days(101), &shelf, &rules(false)).unwrap_err();
        assert_eq!((refused[0].reason, refused[0].available), (LineReason::ShortStock, Some(Quantity::ZERO)));
    }

    #[test]
    fn the_otc_gate() {
        let with = |flag, otc_pack, forbidden: &str, controlled: &str| {
            let mut drug = drug(AMLODIPINE, "甲厂", "5mg", 28);
            (drug.rx_flag, drug.online_forbidden, drug.controlled) =
                (flag, forbidden.into(), controlled.into());
            reason(&[ask(AMLODIPINE, 1)], &shelf(vec![drug], otc_pack), &rules(true))
        };
        assert_eq!(with(RxFlag::Rx, true, "", "none"), Some(LineReason::RxNotAllowed));
        assert_eq!(with(RxFlag::Double, false, "", "none"), Some(LineReason::RxNotAllowed));
        assert_eq!(with(RxFlag::Double, true, "", "none"), None);
        assert_eq!(with(RxFlag::Otc, false, "", "none"), None);
        assert_eq!(with(RxFlag::Otc, false, "negative_list", "none"), Some(LineReason::OnlineForbidden));
        assert_eq!(with(RxFlag::Otc, false, "", "precursor"), Some(LineReason::OnlineForbidden));
    }

    #[test]
    fn the_hospital_is_the_ceiling_for_maker_specification_and_price() {
        let shelf =
            shelf(vec![drug(AMLODIPINE, "甲厂", "5mg", 28), drug(OTHER_PACK, "甲厂", "5mg", 14)], false);
        let with = |code: &str, hospital: &str| {
            let mut ask = ask(code, 1);
            ask.prescribed_code = Some(AMLODIPINE.into());
            ask.hospital_price = Some(hospital.parse().unwrap());
            reason(&[ask], &shelf, &rules(false))
        };
        assert_eq!(with(AMLODIPINE, "19.9"), None);
        assert_eq!(with(AMLODIPINE, "19.899999"), Some(LineReason::PriceAboveHospital));
        assert_eq!(with(OTHER_PACK, "100"), Some(LineReason::OtherSpecification));
    }

    #[test]
    fn packs_are_not_split() {
        let shelf = shelf(vec![drug(AMLODIPINE, "甲厂", "5mg", 28)], false);
        let mut half = ask(AMLODIPINE, 1);
        half.quantity = "0.5".parse().unwrap();
        assert_eq!(reason(&[half], &shelf, &rules(false)), Some(LineReason::SplitPack));
    }
}
