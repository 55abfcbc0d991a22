//! Dials, newest first; a counted dial is counted down by a guarded update.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{rows, run};
use crate::domain::dial::Dial;

/// A stored dial.
pub struct DialRow {
    pub dial_id: String,
    pub pattern_sealed: String,
    pub dial: Dial,
    pub forever: bool,
}

/// A dial to store.
pub struct NewDial {
    pub dial_id: String,
    pub method: String,
    pub pattern_sealed: String,
    pub pattern_index: String,
    pub dial: Dial,
    /// 0: until changed.
    pub calls: i64,
    pub set_at: Timestamp,
}

/// Sets a dial, replacing the one with the same method and pattern.
pub async fn set(conn: &impl ConnectionTrait, new: NewDial) -> Result<(), DbFault> {
    run(
        conn,
        "INSERT INTO dial (dial_id, method, pattern_sealed, pattern_index, position, forever, remaining, set_at_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (method, pattern_index) DO UPDATE SET pattern_sealed = excluded.pattern_sealed, \
         position = excluded.position, forever = excluded.forever, remaining = excluded.remaining, \
         set_at_us = excluded.set_at_us",
        vec![
            new.dial_id.into(),
            new.method.into(),
            new.pattern_sealed.into(),
            new.pattern_index.into(),
            new.dial.number().into(),
            (new.calls == 0).into(),
            new.calls.into(),
            new.set_at.0.into(),
        ],
    )
    .await?;
    Ok(())
}

/// Dials of a method that still count, the latest set first.
pub async fn live(conn: &impl ConnectionTrait, method: &str) -> Result<Vec<DialRow>, DbFault> {
    let found = rows(
        conn,
        "SELECT dial_id, pattern_sealed, position, forever FROM dial \
         WHERE method = $1 AND position <> 0 AND (forever OR remaining > 0) ORDER BY set_at_us DESC, dial_id",
        vec![method.into()],
    )
    .await?;
    let mut dials = Vec::with_capacity(found.len());
    for row in found {
        let position: i32 = row.try_get("", "position")?;
        dials.push(DialRow {
            dial_id: row.try_get("", "dial_id")?,
            pattern_sealed: row.try_get("", "pattern_sealed")?,
            dial: Dial::from_number(position).unwrap_or(Dial::Normal),
            forever: row.try_get("", "forever")?,
        });
    }
    Ok(dials)
}

/// Uses one call of a counted dial; false when another call used the last one.
pub async fn count_down(conn: &impl ConnectionTrait, dial_id: &str) -> Result<bool, DbFault> {
    let touched = run(
        conn,
        "UPDATE dial SET remaining = remaining - 1 WHERE dial_id = $1 AND remaining > 0",
        vec![dial_id.into()],
    )
    .await?;
    Ok(touched == 1)
}
