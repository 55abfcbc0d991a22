//! Payments that wait for a person, and what the person said.

use liufang_kernel::Timestamp;
use sea_orm::ConnectionTrait;
use sea_orm::entity::prelude::*;

use super::{all, exec};
use crate::domain::payment::{Journal, PaymentState, Step};
use crate::error::SettlementError;

/// Running payments that failed at their present step, longest running first.
pub async fn failing(conn: &impl ConnectionTrait, limit: i64) -> Result<Vec<Journal>, SettlementError> {
    let sql = "SELECT payment_id FROM payment WHERE state IN ($1, $2) AND attempts > 0 \
               ORDER BY created_at_us, payment_id LIMIT $3";
    let running = [PaymentState::Pending.as_str(), PaymentState::Refunding.as_str()];
    let rows = all(conn, sql, [running[0].into(), running[1].into(), limit.into()]).await?;
    let mut found = Vec::new();
    for row in rows {
        let payment_id: String = row.try_get("", "payment_id")?;
        found.extend(super::payment::find(conn, &payment_id).await?);
    }
    Ok(found)
}

/// Running payments of one standing.
pub struct Standing {
    pub state: PaymentState,
    pub step: Step,
    pub cash: bool,
    pub attempts: i64,
    pub payments: i64,
}

/// How many running payments stand where.
pub async fn standings(conn: &impl ConnectionTrait) -> Result<Vec<Standing>, SettlementError> {
    let sql = "SELECT state, step, cash, attempts, COUNT(*) AS payments FROM (SELECT state, step, attempts, \
               CASE WHEN cash_fen > 0 AND channel <> $3 THEN 1 ELSE 0 END AS cash \
               FROM payment WHERE state IN ($1, $2)) AS running GROUP BY state, step, cash, attempts";
    let running = [PaymentState::Pending.as_str(), PaymentState::Refunding.as_str()];
    let values = [running[0].into(), running[1].into(), crate::domain::payment::TILL.into()];
    let read = |row: &QueryResult| {
        let (state, step): (String, String) = (row.try_get("", "state")?, row.try_get("", "step")?);
        let cash: i32 = row.try_get("", "cash")?;
        Ok(Standing {
            state: PaymentState::parse(&state).ok_or(SettlementError::Stored("payment state"))?,
            step: Step::parse(&step).ok_or(SettlementError::Stored("payment step"))?,
            cash: cash > 0,
            attempts: row.try_get("", "attempts")?,
            payments: row.try_get("", "payments")?,
        })
    };
    all(conn, sql, values).await?.iter().map(read).collect()
}

/// The kinds of difference raised for a payment, oldest first.
pub async fn raised(conn: &impl ConnectionTrait, payment_id: &str) -> Result<Vec<String>, SettlementError> {
    let sql = "SELECT kind FROM raised_difference WHERE payment_id = $1 ORDER BY raised_at_us, kind";
    let rows = all(conn, sql, [payment_id.into()]).await?;
    rows.iter().map(|row| Ok(row.try_get("", "kind")?)).collect()
}

/// What an operator said about a payment.
pub struct Resolution<'a> {
    pub payment_id: &'a str,
    /// Where it stood.
    pub step: Step,
    /// `try_now` or `done_by_hand`.
    pub word: &'a str,
    /// Number of the transfer or letter that shows it; empty for another try.
    pub evidence: &'a str,
    pub operator: &'a str,
}

/// Notes it; rows are never changed.
pub async fn note(
    conn: &impl ConnectionTrait,
    resolution_id: String,
    said: &Resolution<'_>,
    now: Timestamp,
) -> Result<(), SettlementError> {
    let sql = "INSERT INTO payment_resolution (resolution_id, payment_id, step, word, evidence, operator, at_us) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        resolution_id.into(),
        said.payment_id.into(),
        said.step.as_str().into(),
        said.word.into(),
        said.evidence.into(),
        said.operator.into(),
        now.0.into(),
    ];
    exec(conn, sql, values).await?;
    Ok(())
}
