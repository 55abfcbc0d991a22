//! What moved at a channel on a day.

use liufang_kernel::{Fen, Timestamp};
use liufang_platform::DbFault;
use sea_orm::{ConnectionTrait, QueryResult};

use super::rows;
use crate::domain::bill::Movement;

/// Whose movements: those that came in the channel's own format for this merchant or application, or those of an institution
/// that came through the hook.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    Merchant(&'a str),
    Institution(&'a str),
}

const PAID: &str = "SELECT p.channel_order_no, p.channel_trade_no, '' AS refund_no, p.amount_fen AS paid_fen, \
                    p.amount_fen AS moved_fen, p.paid_at_us AS at_us, COALESCE(w.app, '') AS app \
                    FROM channel_payment p LEFT JOIN channel_wire w ON w.channel_order_no = p.channel_order_no \
                    WHERE p.channel = $1 AND p.paid_at_us >= $2 AND p.paid_at_us < $3";
const RETURNED: &str = "SELECT p.channel_order_no, p.channel_trade_no, r.refund_no, p.amount_fen AS paid_fen, \
                        r.amount_fen AS moved_fen, r.created_at_us AS at_us, COALESCE(w.app, '') AS app \
                        FROM channel_refund r JOIN channel_payment p ON p.channel_order_no = r.channel_order_no \
                        LEFT JOIN channel_wire w ON w.channel_order_no = p.channel_order_no \
                        WHERE p.channel = $1 AND r.created_at_us >= $2 AND r.created_at_us < $3";

/// Payments and refunds of a channel from `begin` to before `end`, in their order.
pub async fn movements(
    conn: &impl ConnectionTrait,
    channel: i32,
    of: Of<'_>,
    (begin, end): (Timestamp, Timestamp),
) -> Result<Vec<Movement>, DbFault> {
    let (whose, name) = match of {
        Of::Merchant(name) => ("(w.merchant = $4 OR w.app = $4)", name),
        Of::Institution(name) => ("w.app IS NULL AND p.fixmedins_code = $4", name),
    };
    let mut found = Vec::new();
    for select in [PAID, RETURNED] {
        let values = vec![channel.into(), begin.0.into(), end.0.into(), name.into()];
        for row in rows(conn, &format!("{select} AND {whose}"), values).await? {
            found.push(movement(&row)?);
        }
    }
    found.sort_by(|one: &Movement, other| (one.at, &one.number).cmp(&(other.at, &other.number)));
    Ok(found)
}

fn movement(row: &QueryResult) -> Result<Movement, DbFault> {
    Ok(Movement {
        number: row.try_get("", "channel_order_no")?,
        trade_no: row.try_get("", "channel_trade_no")?,
        refund_no: row.try_get("", "refund_no")?,
        paid: Fen(row.try_get("", "paid_fen")?),
        moved: Fen(row.try_get("", "moved_fen")?),
        at: Timestamp(row.try_get("", "at_us")?),
        app: row.try_get("", "app")?,
    })
}
