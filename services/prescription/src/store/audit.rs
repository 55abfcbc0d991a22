//! What the auditor reads: queries whose every row is a difference.

use liufang_platform::audit::Check;

/// Orders that were handed something, or are to be, or paid a visit. Sales at the counter are nobody else's.
pub const ORDERS: &str = "SELECT DISTINCT order_id FROM (SELECT order_id FROM hand_out \
                          UNION ALL SELECT order_id FROM prescription UNION ALL SELECT order_id FROM visit) AS named \
                          WHERE order_id > $1 AND order_id <> '' \
                          AND order_id NOT LIKE 'ctr%' ORDER BY order_id LIMIT $2";
/// Prescriptions that are an order's; the state as `state × 100 + use`.
pub const PRESCRIPTIONS: &str = "SELECT order_id, hi_rxno AS id, CAST(state * 100 + used AS TEXT) AS state, \
                                 CAST(0 AS BIGINT) AS fen FROM prescription WHERE order_id IN ({orders})";
/// What an order was handed and still has, once per prescription.
pub const HAND_OUTS: &str = "SELECT order_id, hi_rxno AS id, 'standing' AS state, CAST(0 AS BIGINT) AS fen \
                             FROM hand_out WHERE reversed_at_us = 0 AND order_id IN ({orders}) \
                             GROUP BY order_id, hi_rxno";
/// Visits an order has paid.
pub const VISITS: &str = "SELECT order_id, visit_id AS id, CAST(state AS TEXT) AS state, fee_fen AS fen FROM visit \
                          WHERE order_id IN ({orders})";

/// Use of a prescription: 1 unused, 2 used, 3 partly. State 5 of a visit: cancelled.
pub const CHECKS: &[Check] = &[
    Check {
        kind: "RX_LINE",
        ids: &["hi_rxno"],
        numbers: &["line_no", "dispensed_e4", "handed_out_e4"],
        sql: "SELECT hi_rxno, CAST(line_no AS BIGINT) AS line_no, CAST(SUM(noted) AS BIGINT) AS dispensed_e4, \
              CAST(SUM(handed) AS BIGINT) AS handed_out_e4 FROM (SELECT hi_rxno, line_no, dispensed_e4 AS noted, \
              0 AS handed FROM rx_line UNION ALL SELECT hi_rxno, line_no, 0, quantity_e4 FROM hand_out \
              WHERE reversed_at_us = 0) AS sides GROUP BY hi_rxno, line_no HAVING SUM(noted) <> SUM(handed)",
    },
    Check {
        kind: "RX_USE",
        ids: &["hi_rxno"],
        numbers: &["used", "lines", "taken", "begun"],
        sql: "SELECT hi_rxno, used, lines, taken, begun FROM (SELECT p.hi_rxno, CAST(p.used AS BIGINT) AS used, \
              CAST(COUNT(*) AS BIGINT) AS lines, \
              CAST(SUM(CASE WHEN l.quantity_e4 <= l.dispensed_e4 THEN 1 ELSE 0 END) AS BIGINT) AS taken, \
              CAST(SUM(CASE WHEN l.dispensed_e4 > 0 THEN 1 ELSE 0 END) AS BIGINT) AS begun \
              FROM prescription p JOIN rx_line l ON l.hi_rxno = p.hi_rxno GROUP BY p.hi_rxno, p.used) AS sides \
              WHERE used <> CASE WHEN taken = lines THEN 2 WHEN begun > 0 THEN 3 ELSE 1 END",
    },
    Check {
        kind: "SLOT_PLACES",
        ids: &["hospital", "slot_id"],
        numbers: &["taken", "visits"],
        sql: "SELECT hospital, slot_id, taken, visits FROM (SELECT s.hospital, s.slot_id, \
              CAST(s.capacity - s.available AS BIGINT) AS taken, (SELECT CAST(COUNT(*) AS BIGINT) FROM visit v \
              WHERE v.hospital = s.hospital AND v.slot_id = s.slot_id AND v.state <> 5) AS visits FROM slot s) AS sides \
              WHERE taken <> visits",
    },
    Check {
        kind: "CHANGE_FEED",
        ids: &["institution"],
        numbers: &["counter", "entries", "last_sequence"],
        // the numbering of the whole installation, and each institution's, which goes on above it
        sql: "SELECT institution, counter, entries, last_sequence FROM (SELECT '' AS institution, c.value AS counter, \
              (SELECT CAST(COUNT(*) AS BIGINT) FROM change) AS entries, \
              (SELECT CAST(COALESCE(MAX(sequence), 0) AS BIGINT) FROM change) AS last_sequence FROM counter c \
              WHERE c.name IN ('change', 'change-closed') \
              UNION ALL SELECT h.institution, h.sequence, \
              (SELECT CAST(COUNT(*) + c.value AS BIGINT) FROM feed f WHERE f.institution = h.institution), \
              (SELECT CAST(COALESCE(MAX(f.sequence), c.value) AS BIGINT) FROM feed f WHERE f.institution = h.institution) \
              FROM feed_head h JOIN counter c ON c.name = 'change-closed') AS sides \
              WHERE counter <> entries OR counter <> last_sequence",
    },
];
