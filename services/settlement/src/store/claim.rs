//! Closed days and claims.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::{among, words};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult};
use serde::Deserialize;

use super::{all, exec, one, statement};
use crate::domain::claim::{Claim, ClaimState};
use crate::error::SettlementError;

const COLUMNS: &str = "SELECT claim_id, fixmedins_code, agency, stmt_date, state, claimed_fen, deducted_fen, \
                       paid_fen, deduction_reason FROM claim";

pub async fn is_closed(
    conn: &impl ConnectionTrait,
    fixmedins_code: &str,
    stmt_date: &str,
) -> Result<bool, SettlementError> {
    let sql = "SELECT stmt_date FROM closed_day WHERE fixmedins_code = $1 AND stmt_date = $2";
    Ok(one(conn, sql, [fixmedins_code.into(), stmt_date.into()]).await?.is_some())
}

/// A closed day of an institution.
#[derive(Deserialize, FromQueryResult)]
pub struct Closed {
    pub fixmedins_code: String,
    pub stmt_date: String,
}

/// Days of institutions that are closed, from `since` on; the rows are [`Closed`].
pub fn closed_since<'a>(
    conn: &impl ConnectionTrait,
    institutions: impl IntoIterator<Item = &'a str>,
    since: &str,
) -> Option<Part> {
    let mut institutions = institutions.into_iter().peekable();
    institutions.peek()?;
    let sql = format!(
        "SELECT fixmedins_code, stmt_date FROM closed_day WHERE fixmedins_code {} AND stmt_date >= $2",
        among(conn, 1)
    );
    Some(Part::rows(statement(conn, &sql, [words(conn, institutions), since.into()])))
}

pub async fn close_day(
    conn: &impl ConnectionTrait,
    fixmedins_code: &str,
    stmt_date: &str,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO closed_day (fixmedins_code, stmt_date, closed_at_us) VALUES ($1, $2, $3)";
    exec(conn, sql, [fixmedins_code.into(), stmt_date.into(), now.0.into()]).await?;
    Ok(())
}

pub async fn insert(
    conn: &impl ConnectionTrait,
    claim: &Claim,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO claim (claim_id, fixmedins_code, agency, stmt_date, state, claimed_fen, deducted_fen, \
               paid_fen, deduction_reason, bank_reference, created_at_us) \
               VALUES ($1, $2, $3, $4, $5, $6, 0, 0, '', '', $7)";
    let values = [
        claim.claim_id.clone().into(),
        claim.fixmedins_code.clone().into(),
        claim.agency.clone().into(),
        claim.stmt_date.clone().into(),
        claim.state.as_str().into(),
        claim.claimed.0.into(),
        now.0.into(),
    ];
    exec(conn, sql, values).await?;
    Ok(())
}

pub async fn find(conn: &impl ConnectionTrait, claim_id: &str) -> Result<Option<Claim>, SettlementError> {
    let sql = format!("{COLUMNS} WHERE claim_id = $1");
    one(conn, &sql, [claim_id.into()]).await?.as_ref().map(read).transpose()
}

/// Claims of a day.
pub async fn of_day(
    conn: &impl ConnectionTrait,
    fixmedins_code: &str,
    stmt_date: &str,
) -> Result<Vec<Claim>, SettlementError> {
    let sql = format!("{COLUMNS} WHERE fixmedins_code = $1 AND stmt_date = $2 ORDER BY agency");
    all(conn, &sql, [fixmedins_code.into(), stmt_date.into()]).await?.iter().map(read).collect()
}

/// The newest 1000; empty filters take all, and so do no names of the agency.
pub async fn list(
    conn: &impl ConnectionTrait,
    fixmedins_code: &str,
    state: &str,
    agency: Option<[&str; 2]>,
) -> Result<Vec<Claim>, SettlementError> {
    // one query for all of them: what somebody else may see does not count towards the limit
    let [name, other] = agency.unwrap_or_default();
    let sql = format!(
        "{COLUMNS} WHERE ($1 = '' OR fixmedins_code = $1) AND ($2 = '' OR state = $2) \
         AND ($3 = 0 OR agency IN ($4, $5)) ORDER BY created_at_us DESC, claim_id DESC LIMIT 1000"
    );
    let values =
        [fixmedins_code.into(), state.into(), i64::from(agency.is_some()).into(), name.into(), other.into()];
    all(conn, &sql, values).await?.iter().map(read).collect()
}

/// Writes the claim if it still is in the state `was`, with as much paid.
pub async fn save(
    conn: &impl ConnectionTrait,
    claim: &Claim,
    (was, paid): (ClaimState, Fen),
    bank_reference: &str,
) -> Result<(), SettlementError> {
    let sql = "UPDATE claim SET state = $1, deducted_fen = $2, paid_fen = $3, deduction_reason = $4, \
               bank_reference = $5 WHERE claim_id = $6 AND state = $7 AND paid_fen = $8";
    let values = [
        claim.state.as_str().into(),
        claim.deducted.0.into(),
        claim.paid.0.into(),
        claim.deduction_reason.clone().into(),
        bank_reference.into(),
        claim.claim_id.clone().into(),
        was.as_str().into(),
        paid.0.into(),
    ];
    if exec(conn, sql, values).await? == 1 { Ok(()) } else { Err(SettlementError::LostRace) }
}

fn read(row: &QueryResult) -> Result<Claim, SettlementError> {
    let state: String = row.try_get("", "state")?;
    Ok(Claim {
        claim_id: row.try_get("", "claim_id")?,
        fixmedins_code: row.try_get("", "fixmedins_code")?,
        agency: row.try_get("", "agency")?,
        stmt_date: row.try_get("", "stmt_date")?,
        state: ClaimState::parse(&state).ok_or(SettlementError::Stored("claim state"))?,
        claimed: Fen(row.try_get("", "claimed_fen")?),
        deducted: Fen(row.try_get("", "deducted_fen")?),
        paid: Fen(row.try_get("", "paid_fen")?),
        deduction_reason: row.try_get("", "deduction_reason")?,
    })
}
