//! What the auditor reads: queries whose every row is a difference.

use liufang_platform::audit::Check;

/// Orders that have a delivery.
pub const ORDERS: &str = "SELECT order_id FROM delivery WHERE order_id > $1 ORDER BY order_id LIMIT $2";
/// Their deliveries.
pub const PARTS: &str = "SELECT order_id, delivery_id AS id, state, fee_fen AS fen FROM delivery \
                         WHERE order_id IN ({orders})";

pub const CHECKS: &[Check] = &[
    Check {
        kind: "TRACK_STATE",
        ids: &["delivery_id", "order_id", "state", "track_state"],
        numbers: &["last_sequence"],
        sql: "SELECT d.delivery_id, d.order_id, d.state, COALESCE(t.state, '') AS track_state, d.last_sequence \
              FROM delivery d LEFT JOIN track_point t ON t.delivery_id = d.delivery_id AND t.sequence = d.last_sequence \
              WHERE t.state IS NULL OR t.state <> d.state",
    },
    Check {
        kind: "TRACK_LENGTH",
        ids: &["delivery_id"],
        numbers: &["last_sequence", "points"],
        sql: "SELECT delivery_id, CAST(SUM(noted) AS BIGINT) AS last_sequence, CAST(SUM(kept) AS BIGINT) AS points \
              FROM (SELECT delivery_id, last_sequence AS noted, 0 AS kept FROM delivery \
              UNION ALL SELECT delivery_id, 0, 1 FROM track_point) AS sides \
              GROUP BY delivery_id HAVING SUM(noted) <> SUM(kept)",
    },
    Check {
        kind: "FAILED_ATTEMPTS",
        ids: &["delivery_id"],
        numbers: &["failed_attempts", "logged"],
        sql: "SELECT delivery_id, CAST(SUM(noted) AS BIGINT) AS failed_attempts, CAST(SUM(kept) AS BIGINT) AS logged \
              FROM (SELECT delivery_id, failed_attempts AS noted, 0 AS kept FROM delivery \
              UNION ALL SELECT delivery_id, 0, 1 FROM failed_attempt) AS sides \
              GROUP BY delivery_id HAVING SUM(noted) <> SUM(kept)",
    },
];
