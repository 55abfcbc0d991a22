//! A person's year.

use std::collections::BTreeMap;

use liufang_kernel::Fen;
use liufang_platform::Cipher;
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::{Rows, among, words};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::Deserialize;

use super::{exec, one, statement};
use crate::domain::accumulate::{Addition, Scope};
use crate::domain::lane::YearKey;
use crate::domain::quote::Quote;
use crate::error::SettlementError;

/// Whose year, under which insurance.
#[derive(Clone, Copy)]
pub struct Year<'a> {
    pub person_id: &'a str,
    pub year: i32,
    pub insutype: &'a str,
}

/// A keyed index, so that no disease can be read from the table.
fn scope_key(cipher: &Cipher, scope: &Scope) -> String {
    let plain = match scope {
        Scope::All => "all".to_owned(),
        Scope::Disease(code) => format!("disease:{code}"),
        Scope::Consultation => "consultation".to_owned(),
    };
    cipher.blind("settlement.accumulator.scope", &plain)
}

pub async fn read(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    of: Year<'_>,
    scope: &Scope,
) -> Result<Addition, SettlementError> {
    let sql = "SELECT deductible_fen, expense_fen, fund_paid_fen FROM accumulator \
               WHERE person_id = $1 AND year = $2 AND insutype = $3 AND scope = $4";
    let values =
        [of.person_id.into(), i64::from(of.year).into(), of.insutype.into(), scope_key(cipher, scope).into()];
    let Some(row) = one(conn, sql, values).await? else { return Ok(Addition::default()) };
    Ok(Addition {
        deductible: Fen(row.try_get("", "deductible_fen")?),
        expense: Fen(row.try_get("", "expense_fen")?),
        fund_paid: Fen(row.try_get("", "fund_paid_fen")?),
    })
}

/// Whether the person's year still is what the quote was calculated on. Another settlement in between moves the
/// deductible and the cap, and the fund would pay a share nobody calculated.
pub async fn stands(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    quote: &Quote,
) -> Result<bool, SettlementError> {
    let of = Year { person_id: &quote.person_id, year: quote.year, insutype: &quote.insutype };
    for (scope, basis) in &quote.basis {
        if read(conn, cipher, of, scope).await? != *basis {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One scope of a year.
pub fn key(cipher: &Cipher, of: Year<'_>, scope: &Scope) -> YearKey {
    YearKey {
        person_id: of.person_id.to_owned(),
        year: of.year,
        insutype: of.insutype.to_owned(),
        scope: scope_key(cipher, scope),
    }
}

/// The keys of what a quote was calculated on, or of what it adds.
pub fn keyed(cipher: &Cipher, quote: &Quote, scopes: &[(Scope, Addition)]) -> Vec<(YearKey, Addition)> {
    let of = Year { person_id: &quote.person_id, year: quote.year, insutype: &quote.insutype };
    scopes.iter().map(|(scope, addition)| (key(cipher, of, scope), *addition)).collect()
}

/// A scope of a year as it is stored.
#[derive(Deserialize, FromQueryResult)]
pub struct Stored {
    person_id: String,
    year: i64,
    insutype: String,
    scope: String,
    deductible_fen: i64,
    expense_fen: i64,
    fund_paid_fen: i64,
}

impl Stored {
    pub fn read(self) -> Result<(YearKey, Addition), SettlementError> {
        let year = i32::try_from(self.year).map_err(|_| SettlementError::Stored("year"))?;
        let addition = Addition {
            deductible: Fen(self.deductible_fen),
            expense: Fen(self.expense_fen),
            fund_paid: Fen(self.fund_paid_fen),
        };
        Ok((
            YearKey { person_id: self.person_id, year, insutype: self.insutype, scope: self.scope },
            addition,
        ))
    }
}

/// All years of these persons; the rows are [`Stored`].
pub fn years<'a>(conn: &impl ConnectionTrait, persons: impl IntoIterator<Item = &'a str>) -> Option<Part> {
    let mut persons = persons.into_iter().peekable();
    persons.peek()?;
    let sql = format!(
        "SELECT person_id, year, insutype, scope, deductible_fen, expense_fen, fund_paid_fen \
         FROM accumulator WHERE person_id {}",
        among(conn, 1)
    );
    Some(Part::rows(statement(conn, &sql, [words(conn, persons)])))
}

/// Adds to years, each of them once.
pub fn adding(
    conn: &impl ConnectionTrait,
    sums: &BTreeMap<YearKey, Addition>,
) -> Result<Option<Part>, SettlementError> {
    let columns =
        ["person_id", "year", "insutype", "scope", "deductible_fen", "expense_fen", "fund_paid_fen"];
    let mut rows = Rows::new(&columns);
    for (key, sum) in sums {
        rows.push([
            key.person_id.clone().into(),
            i64::from(key.year).into(),
            key.insutype.clone().into(),
            key.scope.clone().into(),
            sum.deductible.0.into(),
            sum.expense.0.into(),
            sum.fund_paid.0.into(),
        ]);
    }
    Ok(rows.inserted(conn, "accumulator", ADDED)?)
}

const ADDED: &str = "ON CONFLICT (person_id, year, insutype, scope) DO UPDATE SET \
                     deductible_fen = accumulator.deductible_fen + excluded.deductible_fen, \
                     expense_fen = accumulator.expense_fen + excluded.expense_fen, \
                     fund_paid_fen = accumulator.fund_paid_fen + excluded.fund_paid_fen";

pub async fn add(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    of: Year<'_>,
    scope: &Scope,
    addition: Addition,
) -> Result<(), SettlementError> {
    let sql = format!(
        "INSERT INTO accumulator (person_id, year, insutype, scope, deductible_fen, expense_fen, fund_paid_fen) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) {ADDED}"
    );
    let values = [
        of.person_id.into(),
        i64::from(of.year).into(),
        of.insutype.into(),
        scope_key(cipher, scope).into(),
        addition.deductible.0.into(),
        addition.expense.0.into(),
        addition.fund_paid.0.into(),
    ];
    exec(conn, &sql, values).await?;
    Ok(())
}
