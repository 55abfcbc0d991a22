//! The rows of the seed tables. Columns are explained in `deploy/seed/README.md`.

mod drug;
mod people;
mod shop;

use anyhow::{Result, anyhow};

pub use drug::DrugRow;
pub use people::{GuardianRow, InstitutionRow, PersonRow, PractitionerRow};
pub use shop::{PriceRow, SlotRow, StockRow};

/// The region pack of a place code (`domain.md` §6.3).
pub fn region_of_place(place: &str) -> Option<&'static str> {
    match place {
        place if place.starts_with("11") => Some("110000"),
        place if place.starts_with("1303") => Some("130300"),
        _ => None,
    }
}

fn owned(parts: Vec<&str>) -> Vec<String> {
    parts.into_iter().map(str::to_owned).collect()
}

fn pair(cell: &str) -> Result<(String, String)> {
    let (left, right) = cell.split_once(':').ok_or_else(|| anyhow!("{cell}: no colon"))?;
    Ok((left.to_owned(), right.to_owned()))
}
