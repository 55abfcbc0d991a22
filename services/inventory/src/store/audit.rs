//! What the auditor reads: queries whose every row is a difference.

use liufang_platform::audit::Check;

/// Orders that have a reservation.
pub const ORDERS: &str = "SELECT order_id FROM reservation WHERE order_id > $1 ORDER BY order_id LIMIT $2";
/// Their reservations; the state as its number.
pub const PARTS: &str = "SELECT order_id, reservation_id AS id, CAST(state AS TEXT) AS state, \
                         CAST(0 AS BIGINT) AS fen FROM reservation WHERE order_id IN ({orders})";

/// Kinds of movement: 3 sale, 4 its return. States of a reservation: 1 held, 2 committed, 5 returned.
pub const CHECKS: &[Check] = &[
    Check {
        kind: "LOT_BELOW_LIMIT",
        ids: &["lot_id"],
        numbers: &["on_hand_e4", "reserved_e4"],
        sql: "SELECT lot_id, on_hand_e4, reserved_e4 FROM lot \
              WHERE on_hand_e4 < 0 OR reserved_e4 < 0 OR on_hand_e4 < reserved_e4",
    },
    Check {
        kind: "LOT_ON_HAND",
        ids: &["lot_id"],
        numbers: &["on_hand_e4", "moved_e4"],
        sql: "SELECT lot_id, CAST(SUM(kept) AS BIGINT) AS on_hand_e4, CAST(SUM(moved) AS BIGINT) AS moved_e4 \
              FROM (SELECT lot_id, on_hand_e4 AS kept, 0 AS moved FROM lot \
              UNION ALL SELECT lot_id, 0, quantity_e4 FROM movement) AS sides \
              GROUP BY lot_id HAVING SUM(kept) <> SUM(moved)",
    },
    Check {
        kind: "LOT_RESERVED",
        ids: &["lot_id"],
        numbers: &["reserved_e4", "picks_e4"],
        sql: "SELECT lot_id, CAST(SUM(kept) AS BIGINT) AS reserved_e4, CAST(SUM(picked) AS BIGINT) AS picks_e4 \
              FROM (SELECT lot_id, reserved_e4 AS kept, 0 AS picked FROM lot \
              UNION ALL SELECT p.lot_id, 0, p.quantity_e4 FROM reservation_pick p \
              JOIN reservation r ON r.reservation_id = p.reservation_id WHERE r.state = 1) AS sides \
              GROUP BY lot_id HAVING SUM(kept) <> SUM(picked)",
    },
    Check {
        kind: "RESERVATION_LINE",
        ids: &["reservation_id"],
        numbers: &["line_no", "line_e4", "picks_e4"],
        sql: "SELECT reservation_id, CAST(line_no AS BIGINT) AS line_no, CAST(SUM(line) AS BIGINT) AS line_e4, \
              CAST(SUM(picked) AS BIGINT) AS picks_e4 FROM (SELECT l.reservation_id, l.line_no, l.quantity_e4 AS line, \
              0 AS picked FROM reservation_line l JOIN reservation r ON r.reservation_id = l.reservation_id \
              WHERE r.state IN (1, 2) UNION ALL SELECT p.reservation_id, p.line_no, 0, p.quantity_e4 \
              FROM reservation_pick p JOIN reservation r ON r.reservation_id = p.reservation_id \
              WHERE r.state IN (1, 2)) AS sides GROUP BY reservation_id, line_no HAVING SUM(line) <> SUM(picked)",
    },
    Check {
        kind: "RESERVATION_SALE",
        ids: &["order_id", "reservation_id"],
        numbers: &["state", "lines_e4", "sold_e4"],
        sql: "SELECT order_id, reservation_id, state, due AS lines_e4, sold AS sold_e4 FROM (SELECT r.order_id, \
              r.reservation_id, CAST(r.state AS BIGINT) AS state, CASE WHEN r.state IN (2, 5) THEN \
              (SELECT CAST(COALESCE(SUM(l.quantity_e4), 0) AS BIGINT) FROM reservation_line l \
              WHERE l.reservation_id = r.reservation_id) ELSE 0 END AS due, \
              (SELECT CAST(COALESCE(-SUM(m.quantity_e4), 0) AS BIGINT) FROM movement m \
              WHERE m.order_id = r.order_id AND m.kind = 3) AS sold FROM reservation r) AS sides WHERE due <> sold",
    },
    Check {
        kind: "RESERVATION_RETURN",
        ids: &["order_id", "reservation_id"],
        numbers: &["state", "sold_e4", "returned_e4"],
        sql: "SELECT order_id, reservation_id, state, sold AS sold_e4, back AS returned_e4 FROM (SELECT r.order_id, \
              r.reservation_id, CAST(r.state AS BIGINT) AS state, \
              (SELECT CAST(COALESCE(-SUM(m.quantity_e4), 0) AS BIGINT) FROM movement m \
              WHERE m.order_id = r.order_id AND m.kind = 3) AS sold, \
              (SELECT CAST(COALESCE(SUM(m.quantity_e4), 0) AS BIGINT) FROM movement m \
              WHERE m.order_id = r.order_id AND m.kind = 4) AS back FROM reservation r) AS sides \
              WHERE (state = 5 AND back <> sold) OR (state = 2 AND sold <= back) OR (state NOT IN (2, 5) AND back <> 0)",
    },
    Check {
        kind: "SALE_ASTRAY",
        ids: &["movement_id", "order_id"],
        numbers: &["quantity_e4"],
        sql: "SELECT m.movement_id, m.order_id, m.quantity_e4 FROM movement m \
              LEFT JOIN reservation r ON r.order_id = m.order_id WHERE m.kind IN (3, 4) AND r.order_id IS NULL",
    },
    Check {
        kind: "CODE_SOLD_TWICE",
        ids: &["drug_trac_codg"],
        numbers: &["sales", "returns"],
        sql: "SELECT drug_trac_codg, sales, returns FROM (SELECT c.drug_trac_codg, \
              CAST(SUM(CASE m.kind WHEN 3 THEN 1 ELSE 0 END) AS BIGINT) AS sales, \
              CAST(SUM(CASE m.kind WHEN 4 THEN 1 ELSE 0 END) AS BIGINT) AS returns \
              FROM movement_code c JOIN movement m ON m.movement_id = c.movement_id WHERE m.kind IN (3, 4) \
              GROUP BY c.drug_trac_codg) AS sides WHERE sales < returns OR returns + 1 < sales",
    },
    Check {
        kind: "CODE_STATE",
        ids: &["drug_trac_codg", "state"],
        numbers: &["sold"],
        sql: "SELECT drug_trac_codg, state, sold FROM (SELECT t.drug_trac_codg, t.state, \
              (SELECT CAST(COALESCE(SUM(CASE m.kind WHEN 3 THEN 1 ELSE -1 END), 0) AS BIGINT) FROM movement_code c \
              JOIN movement m ON m.movement_id = c.movement_id WHERE c.drug_trac_codg = t.drug_trac_codg \
              AND m.kind IN (3, 4)) AS sold FROM trace_code t) AS sides \
              WHERE (state = 'dispensed' AND sold < 1) OR (state <> 'dispensed' AND sold > 0)",
    },
    Check {
        kind: "CODE_ORDER",
        ids: &["drug_trac_codg", "order_id"],
        numbers: &[],
        sql: "SELECT t.drug_trac_codg, t.order_id FROM trace_code t WHERE t.state = 'dispensed' AND NOT EXISTS \
              (SELECT 1 FROM movement_code c JOIN movement m ON m.movement_id = c.movement_id \
              WHERE c.drug_trac_codg = t.drug_trac_codg AND m.order_id = t.order_id AND m.kind = 3)",
    },
    Check {
        kind: "CODE_ASTRAY",
        ids: &["drug_trac_codg", "movement_id"],
        numbers: &[],
        sql: "SELECT c.drug_trac_codg, c.movement_id FROM movement_code c \
              LEFT JOIN trace_code t ON t.drug_trac_codg = c.drug_trac_codg WHERE t.drug_trac_codg IS NULL",
    },
];
