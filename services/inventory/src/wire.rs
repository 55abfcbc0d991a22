//! Between protobuf and the domain: requests are checked here, with every bad field named; answers are rendered here.

pub mod catalogue;
pub mod offer;
pub mod peers;
pub mod render;
pub mod reservation;
pub mod stock;

use liufang_kernel::{Quantity, UnitPrice, Violations, codes};
use liufang_proto::common::v1::{GeoPoint, PageRequest};

use crate::domain::geo::Point;

/// Largest batch of rows.
const MAX_ROWS: usize = 500;

/// The page size asked for.
fn page_size(page: Option<&PageRequest>, violations: &mut Violations) -> usize {
    match page.map_or(0, |page| page.page_size) {
        0 => 50,
        size @ 1..=200 => usize::try_from(size).unwrap_or(50),
        _ => {
            violations.add("page.page_size", "must be 1 to 200");
            50
        }
    }
}

/// The parts of a page token; `None` on the first page.
fn page_token<const N: usize>(
    page: Option<&PageRequest>,
    violations: &mut Violations,
) -> Option<[String; N]> {
    let token = page.map(|page| page.page_token.as_str()).filter(|token| !token.is_empty())?;
    let parts: Vec<String> = token.splitn(N, '|').map(str::to_owned).collect();
    match parts.try_into() {
        Ok(parts) if token.len() <= 500 => Some(parts),
        _ => {
            violations.add("page.page_token", "is not a token of a previous page");
            None
        }
    }
}

fn bounded<T>(rows: Vec<T>, field: &str, max: usize, violations: &mut Violations) -> Vec<T> {
    if rows.is_empty() || max < rows.len() {
        violations.add(field, format!("must hold 1 to {max}"));
    }
    rows
}

/// Codes somebody asks about: unknown ones are left out of the answer, but none may be what no database takes.
fn asked_codes(violations: &mut Violations, field: &str, codes: &[String]) -> Vec<String> {
    let code = |(at, code): (usize, &String)| violations.text(&format!("{field}[{at}]"), code, 50);
    codes.iter().enumerate().map(code).collect()
}

fn drug_code(violations: &mut Violations, field: &str, value: &str) -> String {
    violations.check(codes::drug_code_kind(value).is_some(), field, "must be a national drug code");
    value.to_owned()
}

fn institution_code(violations: &mut Violations, field: &str, value: &str) -> String {
    violations.check(codes::is_institution_code(value), field, "must be an institution code");
    value.to_owned()
}

fn positive_quantity(violations: &mut Violations, field: &str, value: &str) -> Option<Quantity> {
    let quantity: Quantity = violations.take(field, value.parse())?;
    // N16,4, and small enough that no sum of a batch can overflow
    let fits = quantity.is_positive() && quantity <= Quantity::whole(100_000_000);
    violations.check(fits, field, "must be positive and at most 100000000");
    fits.then_some(quantity)
}

fn price(violations: &mut Violations, field: &str, value: &str) -> Option<UnitPrice> {
    let price: UnitPrice = violations.take(field, value.parse())?;
    let fits = 0 < price.0 && price.0 <= 1_000_000_000_000;
    violations.check(fits, field, "must be positive and at most 1000000 yuan");
    fits.then_some(price)
}

fn optional_price(violations: &mut Violations, field: &str, value: &str) -> Option<UnitPrice> {
    if value.is_empty() { None } else { price(violations, field, value) }
}

fn point(violations: &mut Violations, field: &str, value: Option<GeoPoint>) -> Option<Point> {
    let value = value?;
    let point = Point::new(value.lat_e6, value.lng_e6);
    violations.check(point.is_some(), field, "must be a point of the globe");
    point
}

/// Finishes a request whose value is there whatever was noted.
fn checked<T>(violations: Violations, value: T) -> Result<T, Violations> {
    if violations.is_empty() { Ok(value) } else { Err(violations) }
}
