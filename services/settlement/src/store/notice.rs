//! Channel notices, raised differences, message numbers.

use std::collections::BTreeMap;

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::Ids;
use liufang_platform::db::together::Part;
use liufang_platform::db::wide::Rows;
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::Deserialize;

use super::{exec, one};
use crate::error::SettlementError;

/// Notes a notice; false when it was noted before.
pub async fn note(
    conn: &impl ConnectionTrait,
    channel: &str,
    notice_id: &str,
    channel_order_no: &str,
    now: Timestamp,
) -> Result<bool, SettlementError> {
    let sql = "INSERT INTO channel_notice (channel, notice_id, channel_order_no, at_us) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (channel, notice_id) DO NOTHING";
    let values = [channel.into(), notice_id.into(), channel_order_no.into(), now.0.into()];
    Ok(exec(conn, sql, values).await? == 1)
}

/// Kind of the difference that a notice about an ended payment raises.
pub const AFTER_END: &str = "NOTICE_AFTER_END";

/// A difference between our books and an outside party's.
pub struct Difference<'a> {
    pub payment_id: &'a str,
    pub kind: &'a str,
    pub ours: Fen,
    pub theirs: Fen,
}

/// Raises a difference; true the first time.
pub async fn raise(
    conn: &impl ConnectionTrait,
    ids: &Ids,
    difference: &Difference<'_>,
    now: Timestamp,
) -> Result<bool, SettlementError> {
    let sql = "INSERT INTO raised_difference (difference_id, payment_id, kind, ours_fen, theirs_fen, raised_at_us) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (payment_id, kind, theirs_fen) DO NOTHING";
    let values = [
        ids.next("dif").into(),
        difference.payment_id.into(),
        difference.kind.into(),
        difference.ours.0.into(),
        difference.theirs.0.into(),
        now.0.into(),
    ];
    Ok(exec(conn, sql, values).await? == 1)
}

/// The next four-digit message number of an institution.
pub async fn next_message(conn: &impl ConnectionTrait, fixmedins_code: &str) -> Result<i64, SettlementError> {
    let sql = "INSERT INTO message_counter (fixmedins_code, last) VALUES ($1, 1) \
               ON CONFLICT (fixmedins_code) DO UPDATE SET last = (message_counter.last + 1) % 10000 RETURNING last";
    let row = one(conn, sql, [fixmedins_code.into()]).await?;
    Ok(row.ok_or(SettlementError::Stored("message counter"))?.try_get("", "last")?)
}

/// The last message number an institution was given.
#[derive(Deserialize, FromQueryResult)]
pub struct Taken {
    pub fixmedins_code: String,
    pub last: i64,
}

/// Takes message numbers of institutions, so many each; the rows are [`Taken`].
pub fn taking(
    conn: &impl ConnectionTrait,
    counts: &BTreeMap<String, i64>,
) -> Result<Option<Part>, SettlementError> {
    let mut rows = Rows::new(&["fixmedins_code", "last"]);
    for (code, count) in counts {
        rows.push([code.clone().into(), (*count).into()]);
    }
    let upsert = |rows: &str| {
        format!(
            "INSERT INTO message_counter (fixmedins_code, last) \
             SELECT v.fixmedins_code, v.last FROM {rows} WHERE true \
             ON CONFLICT (fixmedins_code) DO UPDATE SET last = (message_counter.last + excluded.last) % 10000 \
             RETURNING fixmedins_code, last"
        )
    };
    Ok(rows.part(|| rows.joined(conn, upsert).map(Part::rows))?)
}
