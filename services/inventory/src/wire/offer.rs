//! Requests for offers and prices.

use std::collections::HashSet;

use liufang_kernel::{Quantity, Violations, codes};
use liufang_platform::CallMeta;
use liufang_proto::inventory::v1 as pb;

use super::{
    bounded, checked, drug_code, institution_code, optional_price, page_size, page_token, point,
    positive_quantity,
};
use crate::app::{FindPharmacies, PriceBasket, SearchOffers};
use crate::domain::Ask;
use crate::domain::geo::Point;

const DEFAULT_RADIUS_M: i64 = 5_000;
const MAX_RADIUS_M: i64 = 50_000;
const MAX_USE_DAYS: u16 = 3_650;

pub fn search_offers(request: pb::SearchOffersRequest, _: &CallMeta) -> Result<SearchOffers, Violations> {
    let mut violations = Violations::new();
    let page = request.page.as_ref();
    let near = point(&mut violations, "near", request.near);
    violations.check(request.near.is_some(), "near", "must be given");
    let radius_fits = (0..=MAX_RADIUS_M).contains(&request.radius_m);
    violations.check(radius_fits, "radius_m", "must be 0 to 50000");
    violations.check(codes::is_region_code(&request.region), "region", "must be a region code");
    let after = page_token::<3>(page, &mut violations).and_then(|[distance, shop, drug]| {
        let distance = violations.take("page.page_token", distance.parse::<i64>());
        distance.map(|distance| (distance, shop, drug))
    });
    let search = SearchOffers {
        query: violations.optional_text("query", &request.query, 50),
        near: near.unwrap_or(Point { lat_e6: 0, lng_e6: 0 }),
        radius_m: if request.radius_m == 0 { DEFAULT_RADIUS_M } else { request.radius_m },
        region: request.region,
        only_hi_mark: request.only_hi_mark,
        after,
        page_size: page_size(page, &mut violations),
    };
    checked(violations, search)
}

pub fn find_pharmacies(
    request: pb::FindPharmaciesRequest,
    _: &CallMeta,
) -> Result<FindPharmacies, Violations> {
    let mut violations = Violations::new();
    let find = FindPharmacies {
        hi_rxno: violations.text("hi_rxno", &request.hi_rxno, 64),
        near: point(&mut violations, "near", request.near),
        include_refused: request.include_refused,
    };
    checked(violations, find)
}

pub fn price_basket(request: pb::PriceBasketRequest, _: &CallMeta) -> Result<PriceBasket, Violations> {
    let mut violations = Violations::new();
    let basket = PriceBasket {
        institution: institution_code(&mut violations, "fixmedins_code", &request.fixmedins_code),
        asks: asks(&mut violations, request.lines),
        online_otc: request.online_otc,
    };
    checked(violations, basket)
}

fn use_days(violations: &mut Violations, field: &str, value: i32) -> u16 {
    let days = u16::try_from(value).ok().filter(|days| *days <= MAX_USE_DAYS);
    violations.check(days.is_some(), field, "must be 0 to 3650");
    days.unwrap_or_default()
}

/// Basket lines: 1 to 50, each line number once.
pub(super) fn asks(violations: &mut Violations, lines: Vec<pb::BasketLine>) -> Vec<Ask> {
    let lines = bounded(lines, "lines", 50, violations);
    let mut seen = HashSet::new();
    let mut asks = Vec::new();
    for (index, line) in lines.into_iter().enumerate() {
        let field = |name: &str| format!("lines[{index}].{name}");
        let fresh = 0 < line.line_no && seen.insert(line.line_no);
        violations.check(fresh, &field("line_no"), "must be positive and named once");
        let quantity = positive_quantity(violations, &field("quantity"), &line.quantity);
        let prescribed = (!line.prescribed_code.is_empty()).then_some(line.prescribed_code);
        asks.push(Ask {
            line_no: line.line_no,
            med_list_codg: drug_code(violations, &field("med_list_codg"), &line.med_list_codg),
            quantity: quantity.unwrap_or(Quantity::ZERO),
            hospital_price: optional_price(violations, &field("hospital_price"), &line.hospital_price),
            prescribed_code: prescribed.map(|code| drug_code(violations, &field("prescribed_code"), &code)),
            use_days: use_days(violations, &field("use_days"), line.use_days),
        });
    }
    asks
}
