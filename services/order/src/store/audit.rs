//! What the auditor reads: orders without what is sealed, and queries whose every row is a difference.

use std::collections::HashMap;

use liufang_platform::audit::Check;
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::domain::agreement::Known;
use crate::domain::{Fulfilment, Kind, State};
use crate::error::OrderError;

/// Every order.
pub const ORDERS: &str = "SELECT order_id FROM purchase_order WHERE order_id > $1 ORDER BY order_id LIMIT $2";

pub const CHECKS: &[Check] = &[
    Check {
        kind: "ORDER_STATE",
        ids: &["order_id", "state"],
        numbers: &[],
        sql: "SELECT order_id, state FROM purchase_order WHERE state NOT IN ('placing', 'refused', 'awaiting_pharmacy', \
              'reserving', 'awaiting_payment', 'paying', 'paid', 'dispensing', 'dispensed', 'delivering', 'completed', \
              'cancelled', 'refunding', 'refunded')",
    },
    Check {
        kind: "ORDER_LINES",
        ids: &["order_id", "state"],
        numbers: &[],
        sql: "SELECT o.order_id, o.state FROM purchase_order o WHERE NOT EXISTS \
              (SELECT 1 FROM order_line l WHERE l.order_id = o.order_id)",
    },
    Check {
        kind: "STORY_LENGTH",
        ids: &["order_id"],
        numbers: &["story_count", "lines"],
        sql: "SELECT order_id, CAST(SUM(noted) AS BIGINT) AS story_count, CAST(SUM(kept) AS BIGINT) AS lines \
              FROM (SELECT order_id, story_count AS noted, 0 AS kept FROM purchase_order \
              UNION ALL SELECT order_id, 0, 1 FROM story) AS sides \
              GROUP BY order_id HAVING SUM(noted) <> SUM(kept)",
    },
    Check {
        kind: "JOURNAL_LENGTH",
        ids: &["order_id"],
        numbers: &["step_count", "steps"],
        sql: "SELECT order_id, CAST(SUM(noted) AS BIGINT) AS step_count, CAST(SUM(kept) AS BIGINT) AS steps \
              FROM (SELECT order_id, step_count AS noted, 0 AS kept FROM purchase_order \
              UNION ALL SELECT order_id, 0, 1 FROM journal) AS sides \
              GROUP BY order_id HAVING SUM(noted) <> SUM(kept)",
    },
];

/// An order as the auditor sees it.
pub struct Audited {
    pub order: Known,
    /// The next open step of its journal; empty for none.
    pub step: String,
}

/// These orders; those nobody knows are left out.
pub async fn known(
    conn: &impl ConnectionTrait,
    orders: &[String],
) -> Result<HashMap<String, Audited>, OrderError> {
    let mut known = HashMap::new();
    if orders.is_empty() {
        return Ok(known);
    }
    let places: Vec<String> = (1..=orders.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT o.order_id, o.kind, o.state, o.fulfilment, o.payment_id, o.sold, o.recorded, \
         COALESCE((SELECT j.step FROM journal j WHERE j.order_id = o.order_id AND j.state = 'open' \
         ORDER BY j.position LIMIT 1), '') AS step FROM purchase_order o WHERE o.order_id IN ({})",
        places.join(", ")
    );
    let values: Vec<Value> = orders.iter().map(|id| id.clone().into()).collect();
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let unreadable = || OrderError::Unreadable("order row");
    for row in conn.query_all_raw(statement).await? {
        let text = |column: &str| row.try_get::<String>("", column);
        let order = Known {
            kind: Kind::parse(&text("kind")?).ok_or_else(unreadable)?,
            // named by a check of its own
            state: State::parse(&text("state")?).unwrap_or(State::Refunding),
            fulfilment: Fulfilment::parse(&text("fulfilment")?).ok_or_else(unreadable)?,
            payment_id: text("payment_id")?,
            sold: !matches!(text("sold")?.as_str(), "" | "[]"),
            recorded: row.try_get("", "recorded")?,
        };
        known.insert(text("order_id")?, Audited { order, step: text("step")? });
    }
    Ok(known)
}
