//! A person's year.

use liufang_kernel::Fen;
use liufang_platform::Cipher;
use sea_orm::ConnectionTrait;

use super::{exec, one};
use crate::domain::accumulate::{Addition, Scope};
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

pub async fn add(
    conn: &impl ConnectionTrait,
    cipher: &Cipher,
    of: Year<'_>,
    scope: &Scope,
    addition: Addition,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO accumulator \
               (person_id, year, insutype, scope, deductible_fen, expense_fen, fund_paid_fen) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) \
               ON CONFLICT (person_id, year, insutype, scope) DO UPDATE SET \
               deductible_fen = accumulator.deductible_fen + excluded.deductible_fen, \
               expense_fen = accumulator.expense_fen + excluded.expense_fen, \
               fund_paid_fen = accumulator.fund_paid_fen + excluded.fund_paid_fen";
    let values = [
        of.person_id.into(),
        i64::from(of.year).into(),
        of.insutype.into(),
        scope_key(cipher, scope).into(),
        addition.deductible.0.into(),
        addition.expense.0.into(),
        addition.fund_paid.0.into(),
    ];
    exec(conn, sql, values).await?;
    Ok(())
}
