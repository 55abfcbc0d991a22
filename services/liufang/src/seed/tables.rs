//! The embedded tables.

use anyhow::{Context as _, Result};

use super::rows::{
    DrugRow, GuardianRow, InstitutionRow, PersonRow, PractitionerRow, PriceRow, SlotRow, StockRow,
};
use super::table::{Row, Table};

macro_rules! embedded {
    ($file:literal) => {
        ($file, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/seed/", $file)))
    };
}

/// Everything in `deploy/seed`.
pub struct Seed {
    pub drugs: Vec<DrugRow>,
    pub institutions: Vec<InstitutionRow>,
    pub practitioners: Vec<PractitionerRow>,
    pub persons: Vec<PersonRow>,
    pub guardians: Vec<GuardianRow>,
    pub prices: Vec<PriceRow>,
    pub stock: Vec<StockRow>,
    pub slots: Vec<SlotRow>,
}

impl Seed {
    /// Reads the embedded tables. Fails only when the files in the repository are broken.
    pub fn read() -> Result<Seed> {
        Ok(Seed {
            drugs: rows(embedded!("drugs.tsv"), DrugRow::read)?,
            institutions: rows(embedded!("institutions.tsv"), InstitutionRow::read)?,
            practitioners: rows(embedded!("practitioners.tsv"), PractitionerRow::read)?,
            persons: rows(embedded!("persons.tsv"), PersonRow::read)?,
            guardians: rows(embedded!("guardians.tsv"), GuardianRow::read)?,
            prices: rows(embedded!("hospital_prices.tsv"), PriceRow::read)?,
            stock: rows(embedded!("stock.tsv"), StockRow::read)?,
            slots: rows(embedded!("slots.tsv"), SlotRow::read)?,
        })
    }

    pub fn drug(&self, code: &str) -> Result<&DrugRow> {
        self.drugs
            .iter()
            .find(|drug| drug.code == code)
            .with_context(|| format!("drug {code} is not in the seed"))
    }

    pub fn institution(&self, code: &str) -> Result<&InstitutionRow> {
        let found = self.institutions.iter().find(|own| own.code == code);
        found.with_context(|| format!("institution {code} is not in the seed"))
    }

    /// A person by the number of the row.
    pub fn person(&self, row: u32) -> Result<&PersonRow> {
        self.persons
            .iter()
            .find(|own| own.row == row)
            .with_context(|| format!("person {row} is not in the seed"))
    }
}

fn rows<T>(
    (name, text): (&'static str, &'static str),
    read: fn(&Row<'_, '_>) -> Result<T>,
) -> Result<Vec<T>> {
    Table::parse(name, text)?.rows(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_tables_are_read_whole() {
        let seed = Seed::read().unwrap();
        let counts = [
            seed.drugs.len(),
            seed.institutions.len(),
            seed.practitioners.len(),
            seed.persons.len(),
            seed.guardians.len(),
            seed.prices.len(),
            seed.stock.len(),
            seed.slots.len(),
        ];
        assert_eq!(counts, [198, 47, 115, 300, 1, 1230, 2500, 61]);
        assert!(seed.institutions.iter().all(|own| !own.region().is_empty()));
        assert!(seed.stock.iter().all(|row| seed.drug(&row.drug).is_ok()));
    }
}
