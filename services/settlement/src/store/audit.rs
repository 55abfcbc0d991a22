//! What the auditor reads: queries whose every row is a difference, and the rows booked for a page of payments.

use std::collections::BTreeMap;

use liufang_kernel::Fen;
use liufang_platform::audit::Check;
use sea_orm::{ConnectionTrait, Value};

use super::all;
use crate::domain::audit::{Booked, BookedPart, Hold};
use crate::error::SettlementError;

/// Orders that have a payment.
pub const ORDERS: &str =
    "SELECT DISTINCT order_id FROM payment WHERE order_id > $1 ORDER BY order_id LIMIT $2";
/// Their payments.
pub const PARTS: &str = "SELECT order_id, payment_id AS id, state, cash_fen AS fen FROM payment \
                         WHERE order_id IN ({orders}) ORDER BY created_at_us, payment_id";

/// Sums of two sides, by a key: both are added up in one pass, and a key that one side lacks counts as zero there.
pub const CHECKS: &[Check] = &[
    Check {
        kind: "LEDGER_IMBALANCE",
        ids: &["region"],
        numbers: &["fen"],
        sql: "SELECT region, CAST(SUM(amount_fen) AS BIGINT) AS fen FROM book_entry \
              GROUP BY region HAVING SUM(amount_fen) <> 0",
    },
    Check {
        kind: "LEDGER_ENTRY_ASTRAY",
        ids: &["region", "account"],
        numbers: &["sequence", "fen"],
        sql: "SELECT e.region, e.account, e.sequence, e.amount_fen AS fen FROM book_entry e \
              LEFT JOIN book_transfer t ON t.region = e.region AND t.sequence = e.sequence WHERE t.sequence IS NULL",
    },
    Check {
        kind: "LEDGER_BALANCE",
        ids: &["region", "account"],
        numbers: &["entries_fen", "balance_fen"],
        sql: "SELECT region, account, CAST(SUM(entries) AS BIGINT) AS entries_fen, \
              CAST(SUM(stored) AS BIGINT) AS balance_fen \
              FROM (SELECT region, account, amount_fen AS entries, 0 AS stored FROM book_entry \
              UNION ALL SELECT region, account, 0, balance_fen FROM book_balance) AS sides \
              GROUP BY region, account HAVING SUM(entries) <> SUM(stored)",
    },
    Check {
        kind: "LEDGER_BELOW_LIMIT",
        ids: &["account"],
        numbers: &["balance_fen"],
        // over all chains: what was credited before the division is spent after it
        sql: "SELECT account, CAST(SUM(balance_fen) AS BIGINT) AS balance_fen FROM book_balance \
              WHERE account LIKE 'person:%' OR account LIKE 'till:%' OR account LIKE 'deduction:%' \
              GROUP BY account HAVING SUM(balance_fen) < 0 \
              UNION ALL SELECT account, CAST(SUM(balance_fen) AS BIGINT) FROM book_balance \
              WHERE account LIKE 'fund:%' OR account LIKE 'channel:%' GROUP BY account HAVING SUM(balance_fen) > 0",
    },
    Check {
        kind: "ACCOUNT_BELOW_LIMIT",
        ids: &["person_id"],
        numbers: &["balance_fen", "held_fen"],
        sql: "SELECT person_id, balance_fen, held_fen FROM personal_account \
              WHERE balance_fen < 0 OR held_fen < 0 OR balance_fen < held_fen",
    },
    Check {
        kind: "ACCOUNT_BALANCE",
        ids: &["person_id"],
        numbers: &["balance_fen", "ledger_fen"],
        sql: "SELECT person_id, CAST(SUM(balance) AS BIGINT) AS balance_fen, CAST(SUM(ledger) AS BIGINT) AS ledger_fen \
              FROM (SELECT person_id, balance_fen AS balance, 0 AS ledger FROM personal_account \
              UNION ALL SELECT SUBSTR(account, 8), 0, balance_fen FROM book_balance WHERE account LIKE 'person:%') \
              AS sides GROUP BY person_id HAVING SUM(balance) <> SUM(ledger)",
    },
    Check {
        kind: "ACCOUNT_STATEMENT",
        ids: &["person_id"],
        numbers: &["balance_fen", "statement_fen"],
        sql: "SELECT person_id, CAST(SUM(balance) AS BIGINT) AS balance_fen, \
              CAST(SUM(told) AS BIGINT) AS statement_fen \
              FROM (SELECT person_id, balance_fen AS balance, 0 AS told FROM personal_account \
              UNION ALL SELECT person_id, 0, amount_fen FROM statement_row) AS sides \
              GROUP BY person_id HAVING SUM(balance) <> SUM(told)",
    },
    // what a holder's statement says a relative used, and what the relative's says of the same order
    Check {
        kind: "ACCOUNT_RELATIVE",
        ids: &["person_id", "other_person_id", "order_id"],
        numbers: &["used_fen", "told_fen"],
        sql: "SELECT person_id, other_person_id, order_id, CAST(SUM(used) AS BIGINT) AS used_fen, \
              CAST(SUM(told) AS BIGINT) AS told_fen FROM (SELECT person_id, other_person_id, order_id, \
              amount_fen AS used, 0 AS told FROM statement_row WHERE other_person_id <> '' AND amount_fen <> 0 \
              UNION ALL SELECT other_person_id, person_id, order_id, 0, aid_fen FROM statement_row WHERE aid_fen <> 0) \
              AS sides GROUP BY person_id, other_person_id, order_id HAVING SUM(used) <> SUM(told)",
    },
    Check {
        kind: "ACCOUNT_HELD",
        ids: &["person_id"],
        numbers: &["held_fen", "holds_fen"],
        sql: "SELECT person_id, CAST(SUM(held) AS BIGINT) AS held_fen, CAST(SUM(holds) AS BIGINT) AS holds_fen \
              FROM (SELECT person_id, held_fen AS held, 0 AS holds FROM personal_account \
              UNION ALL SELECT person_id, 0, amount_fen FROM hold WHERE state = 'held') AS sides \
              GROUP BY person_id HAVING SUM(held) <> SUM(holds)",
    },
    Check {
        kind: "HOLD_ASTRAY",
        ids: &["hold_id", "payment_id"],
        numbers: &["fen"],
        sql: "SELECT h.hold_id, h.payment_id, h.amount_fen AS fen FROM hold h \
              LEFT JOIN payment p ON p.payment_id = h.payment_id WHERE p.payment_id IS NULL",
    },
    Check {
        kind: "TRANSFER_ASTRAY",
        ids: &["transfer_id", "transfer"],
        numbers: &["sequence"],
        sql: "SELECT t.transfer_id, t.kind AS transfer, t.sequence FROM book_transfer t WHERE \
              (t.kind IN ('capture', 'refund') AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.payment_id = t.reference) \
              AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.reference = t.reference AND r.state = 'booked')) \
              OR (t.kind = 'claim_payment' AND NOT EXISTS (SELECT 1 FROM claim_payment m WHERE t.reference = \
              CASE m.payment_no WHEN 1 THEN m.claim_id ELSE m.claim_id || '/' || m.payment_no END)) \
              OR (t.kind = 'credit' AND NOT EXISTS (SELECT 1 FROM credit_row r WHERE r.row_key = t.reference)) \
              OR (t.kind IN ('channel_payout', 'channel_fee', 'suspense_in', 'suspense_out') AND NOT EXISTS \
              (SELECT 1 FROM channel_statement s WHERE s.statement_id = t.reference)) \
              OR t.kind NOT IN ('capture', 'refund', 'claim_payment', 'credit', 'channel_payout', 'channel_fee', \
              'suspense_in', 'suspense_out')",
    },
    Check {
        kind: "TRANSFER_LINK",
        ids: &["region", "link"],
        numbers: &["found", "expected"],
        sql: "SELECT region, link, COUNT(*) AS found, MAX(link_size) AS expected FROM book_transfer \
              WHERE link <> '' GROUP BY region, link HAVING COUNT(*) <> MAX(link_size) OR COUNT(*) <> MIN(link_size)",
    },
    Check {
        kind: "INSURER_MESSAGE",
        ids: &["msgid", "payment_id"],
        numbers: &["sends"],
        // of no payment, or the last word about a captured one is no
        sql: "SELECT m.msgid, m.reference AS payment_id, m.sends FROM insurer_message m \
              LEFT JOIN payment p ON p.payment_id = m.reference WHERE m.infno <> '2101' AND (p.payment_id IS NULL \
              OR (p.msgid = m.msgid AND p.state IN ('captured', 'refunding', 'refunded') \
              AND m.outcome IN ('rejected', 'not_found', 'reversed', 'differs')))",
    },
    Check {
        kind: "RECEIVABLE_ASTRAY",
        ids: &["payment_id", "debtor_kind"],
        numbers: &["fen"],
        sql: "SELECT r.payment_id, r.debtor_kind, r.amount_fen AS fen FROM receivable r \
              LEFT JOIN payment p ON p.payment_id = r.payment_id WHERE p.payment_id IS NULL",
    },
    Check {
        kind: "RECEIVABLE_BALANCE",
        ids: &["account"],
        numbers: &["open_fen", "ledger_fen"],
        sql: "SELECT account, CAST(SUM(owed) AS BIGINT) AS open_fen, CAST(SUM(ledger) AS BIGINT) AS ledger_fen \
              FROM (SELECT 'receivable:' || debtor_kind || ':' || fixmedins_code AS account, amount_fen AS owed, \
              0 AS ledger FROM receivable WHERE open = TRUE \
              UNION ALL SELECT 'receivable:agency:' || fixmedins_code, -paid_fen, 0 FROM claim WHERE state <> 'paid' \
              UNION ALL SELECT CASE WHEN account LIKE 'receivable:agency:%' THEN 'receivable:agency:' \
              ELSE 'receivable:channel:' END || SUBSTR(account, LENGTH(account) - 11), 0, balance_fen \
              FROM book_balance WHERE account LIKE 'receivable:%') AS sides \
              GROUP BY account HAVING SUM(owed) <> SUM(ledger)",
    },
    Check {
        kind: "CLAIM_AMOUNT",
        ids: &["claim_id"],
        numbers: &["claimed_fen", "receivable_fen"],
        sql: "SELECT claim_id, claimed_fen, owed AS receivable_fen FROM (SELECT c.claim_id, c.claimed_fen, \
              (SELECT CAST(COALESCE(SUM(r.amount_fen), 0) AS BIGINT) FROM receivable r WHERE r.debtor_kind = 'agency' \
              AND r.fixmedins_code = c.fixmedins_code AND r.debtor = c.agency AND r.stmt_date = c.stmt_date) AS owed \
              FROM claim c) AS sides WHERE claimed_fen <> owed",
    },
    Check {
        kind: "CLAIM_PAID",
        ids: &["claim_id", "state"],
        numbers: &["paid_fen", "ledger_fen"],
        sql: "SELECT claim_id, state, paid_fen, banked AS ledger_fen FROM (SELECT c.claim_id, c.state, c.paid_fen, \
              CASE WHEN c.state = 'paid' THEN c.claimed_fen - c.deducted_fen \
              WHEN c.paid_fen = c.claimed_fen - c.deducted_fen THEN 0 ELSE c.paid_fen END AS due, \
              (SELECT CAST(COALESCE(SUM(e.amount_fen), 0) AS BIGINT) FROM claim_payment m JOIN book_transfer t \
              ON t.kind = 'claim_payment' AND t.reference = \
              CASE m.payment_no WHEN 1 THEN m.claim_id ELSE m.claim_id || '/' || m.payment_no END \
              JOIN book_entry e ON e.region = t.region AND e.sequence = t.sequence \
              WHERE m.claim_id = c.claim_id AND e.account LIKE 'bank:%') AS banked \
              FROM claim c) AS sides WHERE paid_fen <> due OR paid_fen <> banked",
    },
    Check {
        kind: "CLAIM_CUT",
        ids: &["claim_id"],
        numbers: &["deducted_fen", "lines_fen"],
        // a claim that was reviewed before cuts had lines has none
        sql: "SELECT claim_id, deducted_fen, lines AS lines_fen FROM (SELECT c.claim_id, c.deducted_fen, \
              (SELECT CAST(SUM(l.deducted_fen) AS BIGINT) FROM claim_line l WHERE l.claim_id = c.claim_id) AS lines \
              FROM claim c) AS sides WHERE deducted_fen <> lines",
    },
    Check {
        kind: "SUSPENSE_BALANCE",
        ids: &["account"],
        numbers: &["suspended_fen", "ledger_fen"],
        sql: "SELECT account, CAST(SUM(kept) AS BIGINT) AS suspended_fen, CAST(SUM(ledger) AS BIGINT) AS ledger_fen \
              FROM (SELECT 'suspense:' || channel || ':' || fixmedins_code AS account, amount_fen AS kept, 0 AS ledger \
              FROM channel_line WHERE state = 'suspended' UNION ALL \
              SELECT account, 0, -balance_fen FROM book_balance WHERE account LIKE 'suspense:%') AS sides \
              GROUP BY account HAVING SUM(kept) <> SUM(ledger)",
    },
    Check {
        kind: "CLAIM_OPEN",
        ids: &["payment_id"],
        numbers: &["fen"],
        sql: "SELECT payment_id, fen FROM (SELECT r.payment_id, r.amount_fen AS fen, \
              CASE WHEN r.open = TRUE THEN 1 ELSE 0 END AS is_open, \
              CASE WHEN EXISTS (SELECT 1 FROM claim c WHERE c.state = 'paid' AND c.fixmedins_code = r.fixmedins_code \
              AND c.agency = r.debtor AND c.stmt_date = r.stmt_date) THEN 0 ELSE 1 END AS should_be \
              FROM receivable r WHERE r.debtor_kind = 'agency') AS sides WHERE is_open <> should_be",
    },
    Check {
        kind: "CREDIT_TRANSFER",
        ids: &["person_id"],
        numbers: &["credit_fen", "ledger_fen"],
        sql: "SELECT person_id, amount_fen AS credit_fen, booked AS ledger_fen FROM (SELECT c.person_id, c.amount_fen, \
              (SELECT CAST(COALESCE(SUM(e.amount_fen), 0) AS BIGINT) FROM book_transfer t \
              JOIN book_entry e ON e.region = t.region AND e.sequence = t.sequence WHERE t.kind = 'credit' AND t.reference = c.row_key \
              AND e.account = 'person:' || c.person_id) AS booked FROM credit_row c) AS sides WHERE amount_fen <> booked",
    },
];

/// What was booked for these payments.
pub async fn booked(
    conn: &impl ConnectionTrait,
    payments: &[String],
) -> Result<BTreeMap<String, Booked>, SettlementError> {
    let mut booked: BTreeMap<String, Booked> = BTreeMap::new();
    let places: Vec<String> = (1..=payments.len()).map(|n| format!("${n}")).collect();
    let among = places.join(", ");
    let values = || payments.iter().map(|id| Value::from(id.clone())).collect::<Vec<_>>();
    if payments.is_empty() {
        return Ok(booked);
    }
    let sql =
        format!("SELECT payment_id, person_id, amount_fen, state FROM hold WHERE payment_id IN ({among})");
    for row in all(conn, &sql, values()).await? {
        let hold = Hold {
            person_id: row.try_get("", "person_id")?,
            amount: Fen(row.try_get("", "amount_fen")?),
            state: row.try_get("", "state")?,
        };
        booked.entry(row.try_get("", "payment_id")?).or_default().holds.push(hold);
    }
    let sql = format!(
        "SELECT t.reference, t.kind, CAST(SUM(e.amount_fen) AS BIGINT) AS fen FROM book_transfer t \
         JOIN book_entry e ON e.region = t.region AND e.sequence = t.sequence WHERE t.reference IN ({among}) \
         AND t.kind IN ('capture', 'refund') AND e.amount_fen > 0 GROUP BY t.reference, t.kind"
    );
    for row in all(conn, &sql, values()).await? {
        let kind: String = row.try_get("", "kind")?;
        let own = booked.entry(row.try_get("", "reference")?).or_default();
        own.transfers.insert(kind == "refund", Fen(row.try_get("", "fen")?));
    }
    parts(conn, &among, values(), &mut booked).await?;
    let sql = format!(
        "SELECT payment_id, refund, debtor_kind, amount_fen FROM receivable WHERE payment_id IN ({among}) \
         AND part_no = 0"
    );
    for row in all(conn, &sql, values()).await? {
        let key = (row.try_get("", "refund")?, row.try_get("", "debtor_kind")?);
        let own = booked.entry(row.try_get("", "payment_id")?).or_default();
        own.receivables.insert(key, Fen(row.try_get("", "amount_fen")?));
    }
    let sql = format!(
        "SELECT payment_id, refund, fund_fen, account_fen FROM settlement_row WHERE payment_id IN ({among}) \
         AND part_no = 0"
    );
    for row in all(conn, &sql, values()).await? {
        let amounts = (Fen(row.try_get("", "fund_fen")?), Fen(row.try_get("", "account_fen")?));
        let own = booked.entry(row.try_get("", "payment_id")?).or_default();
        own.settlements.insert(row.try_get("", "refund")?, amounts);
    }
    Ok(booked)
}

/// Their partial returns, with what was booked under the number of each.
async fn parts(
    conn: &impl ConnectionTrait,
    among: &str,
    values: Vec<Value>,
    booked: &mut BTreeMap<String, Booked>,
) -> Result<(), SettlementError> {
    fn part<'a>(
        booked: &'a mut BTreeMap<String, Booked>,
        row: &sea_orm::QueryResult,
    ) -> Result<&'a mut BookedPart, SettlementError> {
        let own = booked.entry(row.try_get("", "payment_id")?).or_default();
        Ok(own.parts.entry(row.try_get("", "part_no")?).or_default())
    }
    let sql = format!(
        "SELECT payment_id, part_no, back_fund_fen, back_account_fen, back_cash_fen, again_fund_fen, again_account_fen, \
         again_cash_fen FROM refund WHERE payment_id IN ({among}) AND state = 'booked'"
    );
    for row in all(conn, &sql, values.clone()).await? {
        let fen = |column: &str| -> Result<Fen, SettlementError> { Ok(Fen(row.try_get("", column)?)) };
        let back = [fen("back_fund_fen")?, fen("back_account_fen")?, fen("back_cash_fen")?];
        let again = [fen("again_fund_fen")?, fen("again_account_fen")?, fen("again_cash_fen")?];
        let part = part(booked, &row)?;
        (part.back, part.again) = (back, again);
    }
    let sql = format!(
        "SELECT r.payment_id, r.part_no, t.kind, CAST(SUM(e.amount_fen) AS BIGINT) AS fen FROM refund r \
         JOIN book_transfer t ON t.reference = r.reference AND t.kind IN ('capture', 'refund') \
         JOIN book_entry e ON e.region = t.region AND e.sequence = t.sequence \
         WHERE r.payment_id IN ({among}) AND e.amount_fen > 0 GROUP BY r.payment_id, r.part_no, t.kind"
    );
    for row in all(conn, &sql, values.clone()).await? {
        let kind: String = row.try_get("", "kind")?;
        let fen = Fen(row.try_get("", "fen")?);
        part(booked, &row)?.transfers.insert(kind == "refund", fen);
    }
    let sql = format!(
        "SELECT payment_id, part_no, refund, debtor_kind, amount_fen FROM receivable WHERE payment_id IN ({among}) \
         AND part_no > 0"
    );
    for row in all(conn, &sql, values.clone()).await? {
        let key = (row.try_get("", "refund")?, row.try_get("", "debtor_kind")?);
        let fen = Fen(row.try_get("", "amount_fen")?);
        part(booked, &row)?.receivables.insert(key, fen);
    }
    let sql = format!(
        "SELECT payment_id, part_no, refund, fund_fen, account_fen FROM settlement_row WHERE payment_id IN ({among}) \
         AND part_no > 0"
    );
    for row in all(conn, &sql, values).await? {
        let amounts = (Fen(row.try_get("", "fund_fen")?), Fen(row.try_get("", "account_fen")?));
        let refund = row.try_get("", "refund")?;
        part(booked, &row)?.settlements.insert(refund, amounts);
    }
    Ok(())
}
