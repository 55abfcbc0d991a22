//! Guesses, failed attempts and temperatures.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{row, run};
use crate::domain::code::{Guesses, Kind};
use crate::domain::delivery::FailedAttempt;

/// Guesses at a code so far.
pub async fn guesses(conn: &impl ConnectionTrait, delivery_id: &str, kind: Kind) -> Result<Guesses, DbFault> {
    let sql = "SELECT tries, closed_until_us FROM code_guess WHERE delivery_id = $1 AND kind = $2";
    let Some(found) = row(conn, sql, vec![delivery_id.into(), kind.word().into()]).await? else {
        return Ok(Guesses::default());
    };
    let closed_until = Timestamp(found.try_get("", "closed_until_us")?);
    Ok(Guesses { tries: found.try_get("", "tries")?, closed_until })
}

/// Writes `after` if the row still says `before`; false when another guess came between.
pub async fn replace_guesses(
    conn: &impl ConnectionTrait,
    delivery_id: &str,
    kind: Kind,
    before: Guesses,
    after: Guesses,
) -> Result<bool, DbFault> {
    let sql = "INSERT INTO code_guess (delivery_id, kind, tries, closed_until_us) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (delivery_id, kind) DO UPDATE SET tries = excluded.tries, \
               closed_until_us = excluded.closed_until_us \
               WHERE code_guess.tries = $5 AND code_guess.closed_until_us = $6";
    let values = vec![
        delivery_id.into(),
        kind.word().into(),
        after.tries.into(),
        after.closed_until.0.into(),
        before.tries.into(),
        before.closed_until.0.into(),
    ];
    Ok(run(conn, sql, values).await? == 1)
}

/// Notes a failed attempt; false when this one is known.
pub async fn failed_attempt(
    conn: &impl ConnectionTrait,
    delivery_id: &str,
    at: Timestamp,
    reason: FailedAttempt,
    courier_code: &str,
) -> Result<bool, DbFault> {
    let sql = "INSERT INTO failed_attempt (delivery_id, at_us, reason, courier_code) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (delivery_id, at_us) DO NOTHING";
    let values = vec![delivery_id.into(), at.0.into(), reason.word().into(), courier_code.into()];
    Ok(run(conn, sql, values).await? == 1)
}

/// Notes a temperature; false when this one is known.
pub async fn temperature(
    conn: &impl ConnectionTrait,
    delivery_id: &str,
    at: Timestamp,
    tenths_celsius: i32,
    in_range: bool,
    courier_code: &str,
) -> Result<bool, DbFault> {
    let sql = "INSERT INTO temperature (delivery_id, at_us, tenths_celsius, in_range, courier_code) \
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (delivery_id, at_us) DO NOTHING";
    let values =
        vec![delivery_id.into(), at.0.into(), tenths_celsius.into(), in_range.into(), courier_code.into()];
    Ok(run(conn, sql, values).await? == 1)
}
