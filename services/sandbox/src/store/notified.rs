//! What hospitals' systems were told.

use liufang_kernel::Timestamp;
use liufang_platform::DbFault;
use sea_orm::ConnectionTrait;

use super::{row, rows};

/// A notice as it came.
pub struct Notified {
    pub notice_id: String,
    /// `review` or `settlement`.
    pub kind: String,
    pub fixmedins_code: String,
    pub hi_rxno: String,
    pub sequence: i64,
    pub reversed: bool,
    /// Rows of `seltdelts`.
    pub lots: i32,
    /// Everything that was paid, whoever paid it; 0 without a payment.
    pub paid_fen: i64,
    pub taken: bool,
    /// How often it came.
    pub times: i32,
}

/// Notes that a notice came; one that was taken stays so. Answers whether it is.
pub async fn note(conn: &impl ConnectionTrait, notice: &Notified, at: Timestamp) -> Result<bool, DbFault> {
    let sql = "INSERT INTO hospital_notice (notice_id, kind, fixmedins_code, hi_rxno, sequence, reversed, lots, paid_fen, \
               taken, times, first_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10) ON CONFLICT (notice_id) DO UPDATE SET \
               times = hospital_notice.times + 1, taken = hospital_notice.taken OR excluded.taken RETURNING taken";
    let values = vec![
        notice.notice_id.as_str().into(),
        notice.kind.as_str().into(),
        notice.fixmedins_code.as_str().into(),
        notice.hi_rxno.as_str().into(),
        notice.sequence.into(),
        notice.reversed.into(),
        notice.lots.into(),
        notice.paid_fen.into(),
        notice.taken.into(),
        at.0.into(),
    ];
    let found = row(conn, sql, values).await?;
    Ok(found.map(|found| found.try_get("", "taken")).transpose()?.unwrap_or(false))
}

/// Everything a hospital was told, in the order it first came; at most 500.
pub async fn list(conn: &impl ConnectionTrait, hi_rxno: &str) -> Result<Vec<Notified>, DbFault> {
    let sql = "SELECT notice_id, kind, fixmedins_code, hi_rxno, sequence, reversed, lots, paid_fen, taken, times FROM hospital_notice \
               WHERE $1 = '' OR hi_rxno = $1 ORDER BY first_at_us, notice_id LIMIT 500";
    let found = rows(conn, sql, vec![hi_rxno.into()]).await?;
    let mut notices = Vec::with_capacity(found.len());
    for row in found {
        notices.push(Notified {
            notice_id: row.try_get("", "notice_id")?,
            kind: row.try_get("", "kind")?,
            fixmedins_code: row.try_get("", "fixmedins_code")?,
            hi_rxno: row.try_get("", "hi_rxno")?,
            sequence: row.try_get("", "sequence")?,
            reversed: row.try_get("", "reversed")?,
            lots: row.try_get("", "lots")?,
            paid_fen: row.try_get("", "paid_fen")?,
            taken: row.try_get("", "taken")?,
            times: row.try_get("", "times")?,
        });
    }
    Ok(notices)
}
