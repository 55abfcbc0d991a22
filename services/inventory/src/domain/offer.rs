//! Which institutions can fill a need, and in which order they are shown.

use liufang_kernel::region::PriceCeiling;
use liufang_kernel::{Fen, Quantity, UnitPrice};

use super::basket::{LineReason, Shelf};
use super::drug::Drug;
use super::geo::Point;
use super::parity::{self, Policy};

/// An institution as identity describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Institution {
    pub fixmedins_code: String,
    pub fixmedins_name: String,
    pub location: Option<Point>,
    pub region: String,
    /// The designation agreement is active today.
    pub active: bool,
}

/// What a prescription line still needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub line_no: i32,
    pub med_list_codg: String,
    pub quantity: Quantity,
    /// Per billing unit.
    pub hospital_price: UnitPrice,
    /// Days of supply that a pack must last.
    pub use_days: u16,
}

/// How one institution answers one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferLine {
    pub line_no: i32,
    pub med_list_codg: String,
    /// `None` when not listed.
    pub price: Option<UnitPrice>,
    /// In lots that last until the supply is used up.
    pub available: Quantity,
    pub refusal: Option<LineReason>,
}

/// How one institution answers the whole need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub institution: Institution,
    /// Metres; 0 when no point was given or the institution has none.
    pub distance_m: i64,
    /// Lines that can be filled, at this institution's prices.
    pub total: Fen,
    pub lines: Vec<OfferLine>,
}

impl Offer {
    pub fn fills_all(&self) -> bool {
        self.lines.iter().all(|line| line.refusal.is_none())
    }
}

/// Offers every line from `shelf`: the product that fits, or the one that comes closest with its reason.
pub fn offer(
    institution: Institution,
    needs: &[Need],
    shelf: &Shelf,
    policy: Policy,
    near: Option<Point>,
) -> Offer {
    let distance_m = match (near, institution.location) {
        (Some(near), Some(location)) => near.distance_m(location),
        _ => 0,
    };
    let lines: Vec<OfferLine> = needs.iter().map(|need| offer_line(need, shelf, policy)).collect();
    let amount = |(need, line): (&Need, &OfferLine)| match (line.refusal, line.price) {
        (None, Some(price)) => price.times(need.quantity),
        _ => Fen::ZERO,
    };
    let total = needs.iter().zip(&lines).map(amount).sum();
    Offer { institution, distance_m, total, lines }
}

/// Those that fill everything first, then the nearest, then the cheapest.
pub fn sort(offers: &mut [Offer]) {
    offers.sort_by(|a, b| {
        let rank = |offer: &Offer| (!offer.fills_all(), offer.distance_m, offer.total);
        rank(a).cmp(&rank(b)).then_with(|| a.institution.fixmedins_code.cmp(&b.institution.fixmedins_code))
    });
}

fn offer_line(need: &Need, shelf: &Shelf, policy: Policy) -> OfferLine {
    let not_listed = OfferLine {
        line_no: need.line_no,
        med_list_codg: need.med_list_codg.clone(),
        price: None,
        available: Quantity::ZERO,
        refusal: Some(LineReason::NotListed),
    };
    let Some(prescribed) = shelf.drugs.get(&need.med_list_codg) else { return not_listed };
    let candidate = |drug: &Drug| {
        let listing = shelf.listings.get(&drug.med_list_codg)?;
        let free = shelf.available.get(&drug.med_list_codg);
        let available = free.map(|free| free.for_use(need.use_days)).unwrap_or_default();
        let refusal = refuse(need, prescribed, drug, listing.price, available, policy);
        Some(OfferLine {
            line_no: need.line_no,
            med_list_codg: drug.med_list_codg.clone(),
            price: Some(listing.price),
            available,
            refusal,
        })
    };
    let related = shelf.drugs.values().filter(|drug| drug.substance() == prescribed.substance());
    related
        .filter_map(candidate)
        .min_by(|a, b| closeness(a, need).cmp(&closeness(b, need)))
        .unwrap_or(not_listed)
}

fn refuse(
    need: &Need,
    prescribed: &Drug,
    offered: &Drug,
    price: UnitPrice,
    available: Quantity,
    policy: Policy,
) -> Option<LineReason> {
    if let Some(reason) = parity::difference(prescribed, offered, policy.parity) {
        return Some(reason);
    }
    let above =
        parity::is_above(need.hospital_price, prescribed.units_per_pack, price, offered.units_per_pack);
    if above && policy.ceiling == PriceCeiling::Hospital {
        return Some(LineReason::PriceAboveHospital);
    }
    (available < need.quantity).then_some(LineReason::ShortStock)
}

/// Smaller is closer: no refusal, then by how far the product is from what is needed; the prescribed code itself first.
fn closeness<'a>(line: &'a OfferLine, need: &Need) -> (u8, bool, Option<UnitPrice>, &'a str) {
    let rank = match line.refusal {
        None => 0,
        Some(LineReason::ShortStock) => 1,
        Some(LineReason::PriceAboveHospital) => 2,
        Some(LineReason::OtherMaker) => 3,
        Some(_) => 4,
    };
    (rank, line.med_list_codg != need.med_list_codg, line.price, &line.med_list_codg)
}

#[cfg(test)]
mod tests {
    use super::super::drug::Listing;
    use super::super::drug::samples::*;
    use super::*;

    const OTHER_MAKER: &str = "XC08CAB037A001020180999";

    fn shelf(listed: &[(&str, &str, i64)]) -> Shelf {
        let catalogue = [
            drug(AMLODIPINE, "甲厂", "5mg", 28),
            drug(OTHER_PACK, "甲厂", "5mg", 14),
            drug(OTHER_MAKER, "乙厂", "5mg", 28),
        ];
        let drugs = catalogue.into_iter().map(|drug| (drug.med_list_codg.clone(), drug)).collect();
        let mut shelf = Shelf { drugs, ..Shelf::default() };
        for (code, price, packs) in listed {
            let listing = Listing {
                fixmedins_code: "P13030200001".into(),
                med_list_codg: (*code).into(),
                fixmedins_hilist_id: String::new(),
                price: price.parse().unwrap(),
                online: true,
                otc_pack: false,
            };
            shelf.listings.insert((*code).into(), listing);
            shelf.available.entry((*code).into()).or_default().add(100, Quantity::whole(*packs));
        }
        shelf
    }

    fn institution(code: &str, location: Option<Point>) -> Institution {
        Institution {
            fixmedins_code: code.into(),
            fixmedins_name: "药店".into(),
            location,
            region: "130300".into(),
            active: true,
        }
    }

    fn needs() -> Vec<Need> {
        vec![Need {
            line_no: 1,
            med_list_codg: AMLODIPINE.into(),
            quantity: Quantity::whole(2),
            hospital_price: "20".parse().unwrap(),
            use_days: 84,
        }]
    }

    fn answer(listed: &[(&str, &str, i64)]) -> OfferLine {
        let offer = offer(institution("P1", None), &needs(), &shelf(listed), Policy::STRICT, None);
        offer.lines.into_iter().next().unwrap()
    }

    #[test]
    fn names_the_closest_reason() {
        assert_eq!(answer(&[]).refusal, Some(LineReason::NotListed));
        assert_eq!(answer(&[(OTHER_MAKER, "1", 9)]).refusal, Some(LineReason::OtherMaker));
        assert_eq!(answer(&[(OTHER_PACK, "1", 9)]).refusal, Some(LineReason::OtherSpecification));
        assert_eq!(answer(&[(AMLODIPINE, "20.01", 9)]).refusal, Some(LineReason::PriceAboveHospital));
        assert_eq!(answer(&[(AMLODIPINE, "20", 1)]).refusal, Some(LineReason::ShortStock));
        assert_eq!(answer(&[(OTHER_MAKER, "1", 9), (AMLODIPINE, "20", 2)]).refusal, None);
    }

    #[test]
    fn only_stock_that_lasts_counts() {
        let short = Need { use_days: 101, ..needs().remove(0) };
        let full = shelf(&[(AMLODIPINE, "20", 9)]);
        let offer = offer(institution("P1", None), &[short], &full, Policy::STRICT, None);
        assert_eq!(
            (offer.lines[0].available, offer.lines[0].refusal),
            (Quantity::ZERO, Some(LineReason::ShortStock))
        );
    }

    #[test]
    fn those_that_fill_everything_come_first_then_the_nearest() {
        let near = Point::new(39_900_000, 119_600_000);
        let at = |lng: i32| Point::new(39_900_000, lng);
        let full = shelf(&[(AMLODIPINE, "20", 9)]);
        let make = |code: &str, lng, shelf: &Shelf| {
            offer(institution(code, at(lng)), &needs(), shelf, Policy::STRICT, near)
        };
        let mut offers = vec![
            make("far", 119_700_000, &full),
            make("empty", 119_600_000, &shelf(&[])),
            make("close", 119_610_000, &full),
        ];
        sort(&mut offers);
        let order: Vec<_> = offers.iter().map(|offer| offer.institution.fixmedins_code.as_str()).collect();
        assert_eq!(order, ["close", "far", "empty"]);
        assert_eq!(offers[0].total, Fen(4000));
    }
}
