//! What a hand changed in one table, what the audit must call it, and the way back.

pub struct Edit {
    pub role: &'static str,
    /// Everything that is named, in alphabetical order: no less, and nothing that only looks like it.
    pub kinds: &'static [&'static str],
    pub does: &'static str,
    pub undoes: &'static str,
}

const fn edit(
    role: &'static str,
    kinds: &'static [&'static str],
    does: &'static str,
    undoes: &'static str,
) -> Edit {
    Edit { role, kinds, does, undoes }
}

pub const EDITS: &[Edit] = &[
    // the ledger
    edit(
        "settlement",
        &["LEDGER_HASH"],
        "UPDATE region_transfer SET at_us = at_us + 1 WHERE sequence = 3 \
         AND region = (SELECT MIN(region) FROM region_head)",
        "UPDATE region_transfer SET at_us = at_us - 1 WHERE sequence = 3 \
         AND region = (SELECT MIN(region) FROM region_head)",
    ),
    edit(
        "settlement",
        &["CREDIT_TRANSFER", "LEDGER_BALANCE", "LEDGER_HASH", "LEDGER_IMBALANCE", "LEDGER_TRANSFER"],
        "UPDATE region_entry SET amount_fen = amount_fen + 1 WHERE sequence = 2 AND account LIKE 'person:%' \
         AND region = (SELECT MIN(region) FROM region_head)",
        "UPDATE region_entry SET amount_fen = amount_fen - 1 WHERE sequence = 2 AND account LIKE 'person:%' \
         AND region = (SELECT MIN(region) FROM region_head)",
    ),
    edit(
        "settlement",
        &["LEDGER_ENTRY_ASTRAY", "LEDGER_HASH", "LEDGER_TRANSFER"],
        "UPDATE region_entry SET sequence = 1000000 WHERE sequence = 2 AND account LIKE 'fund:%' \
         AND region = (SELECT MIN(region) FROM region_head)",
        "UPDATE region_entry SET sequence = 2 WHERE sequence = 1000000",
    ),
    edit(
        "settlement",
        &["LEDGER_HEAD"],
        "UPDATE region_head SET hash = 'x' || hash",
        "UPDATE region_head SET hash = SUBSTR(hash, 2)",
    ),
    edit(
        "settlement",
        &["ACCOUNT_BALANCE", "LEDGER_BALANCE", "LEDGER_BELOW_LIMIT"],
        "UPDATE region_balance SET balance_fen = balance_fen - 100000000 WHERE account = \
         (SELECT MIN(account) FROM region_balance WHERE account LIKE 'person:%')",
        "UPDATE region_balance SET balance_fen = balance_fen + 100000000 WHERE account = \
         (SELECT MIN(account) FROM region_balance WHERE account LIKE 'person:%')",
    ),
    edit(
        "settlement",
        &["LEDGER_HASH", "PAYMENT_TRANSFER", "TRANSFER_ASTRAY"],
        "UPDATE region_transfer SET reference = reference || 'x' WHERE transfer_id = \
         (SELECT MIN(transfer_id) FROM region_transfer WHERE kind = 'capture')",
        "UPDATE region_transfer SET reference = SUBSTR(reference, 1, LENGTH(reference) - 1) WHERE transfer_id = \
         (SELECT MIN(transfer_id) FROM region_transfer WHERE kind = 'capture')",
    ),
    edit(
        "settlement",
        &["LEDGER_HASH", "TRANSFER_LINK"],
        "UPDATE region_transfer SET link = 'x', link_size = 2 WHERE transfer_id = \
         (SELECT MIN(transfer_id) FROM region_transfer)",
        "UPDATE region_transfer SET link = '', link_size = 0 WHERE link = 'x'",
    ),
    edit(
        "settlement",
        &[
            "CREDIT_TRANSFER",
            "LEDGER_ENTRY_ASTRAY",
            "LEDGER_HASH",
            "LEDGER_HEAD",
            "LEDGER_SEQUENCE",
            "LEDGER_TRANSFER",
        ],
        "UPDATE region_transfer SET sequence = 1000000 WHERE sequence = 3 \
         AND region = (SELECT MIN(region) FROM region_head)",
        "UPDATE region_transfer SET sequence = 3 WHERE sequence = 1000000",
    ),
    // personal accounts
    edit(
        "settlement",
        &["ACCOUNT_BALANCE", "ACCOUNT_STATEMENT"],
        "UPDATE personal_account SET balance_fen = balance_fen + 1 WHERE person_id = \
         (SELECT MIN(person_id) FROM personal_account)",
        "UPDATE personal_account SET balance_fen = balance_fen - 1 WHERE person_id = \
         (SELECT MIN(person_id) FROM personal_account)",
    ),
    edit(
        "settlement",
        &["ACCOUNT_STATEMENT"],
        "UPDATE statement_row SET amount_fen = amount_fen + 1 WHERE sequence = 1",
        "UPDATE statement_row SET amount_fen = amount_fen - 1 WHERE sequence = 1",
    ),
    edit(
        "settlement",
        &["ACCOUNT_RELATIVE"],
        // of a relative who knows nothing of it
        "UPDATE statement_row SET aid_fen = -7 WHERE sequence = 1",
        "UPDATE statement_row SET aid_fen = 0 WHERE aid_fen = -7",
    ),
    edit(
        "settlement",
        &["ACCOUNT_HELD"],
        "UPDATE personal_account SET held_fen = held_fen + 1 WHERE person_id = \
         (SELECT MAX(person_id) FROM personal_account WHERE balance_fen > held_fen)",
        "UPDATE personal_account SET held_fen = held_fen - 1 WHERE person_id = \
         (SELECT MAX(person_id) FROM personal_account WHERE balance_fen >= held_fen AND held_fen > 0)",
    ),
    edit(
        "settlement",
        &["HOLD_ASTRAY", "PAYMENT_HOLD"],
        "UPDATE hold SET payment_id = 'x' || payment_id WHERE hold_id = (SELECT MIN(hold_id) FROM hold)",
        "UPDATE hold SET payment_id = SUBSTR(payment_id, 2) WHERE hold_id = (SELECT MIN(hold_id) FROM hold)",
    ),
    edit(
        "settlement",
        &["ACCOUNT_HELD", "PAYMENT_HOLD"],
        "UPDATE hold SET state = 'held' WHERE hold_id = (SELECT MIN(hold_id) FROM hold)",
        "UPDATE hold SET state = 'settled' WHERE hold_id = (SELECT MIN(hold_id) FROM hold)",
    ),
    edit(
        "settlement",
        &["CREDIT_TRANSFER"],
        "UPDATE credit_row SET amount_fen = amount_fen + 1 WHERE row_key = (SELECT MIN(row_key) FROM credit_row)",
        "UPDATE credit_row SET amount_fen = amount_fen - 1 WHERE row_key = (SELECT MIN(row_key) FROM credit_row)",
    ),
    // payments
    edit(
        "settlement",
        &["PAYMENT_CASH"],
        "UPDATE payment SET cash_fen = cash_fen + 1 WHERE payment_id = (SELECT MIN(payment_id) FROM payment)",
        "UPDATE payment SET cash_fen = cash_fen - 1 WHERE payment_id = (SELECT MIN(payment_id) FROM payment)",
    ),
    edit(
        "settlement",
        &["PAYMENT_REFUNDED"],
        "UPDATE payment SET refunded_fen = refunded_fen - 1 WHERE payment_id = \
         (SELECT MIN(payment_id) FROM payment WHERE state = 'refunded')",
        "UPDATE payment SET refunded_fen = refunded_fen + 1 WHERE payment_id = \
         (SELECT MIN(payment_id) FROM payment WHERE state = 'refunded')",
    ),
    edit(
        "settlement",
        &["ORDER_PAID_BUT_PAYMENT_IS", "PAYMENT_UNREADABLE"],
        "UPDATE payment SET state = 'x' || state WHERE payment_id = \
         (SELECT MAX(payment_id) FROM payment WHERE state = 'captured')",
        "UPDATE payment SET state = SUBSTR(state, 2) WHERE state LIKE 'x%'",
    ),
    edit(
        "settlement",
        &["PAYMENT_RECEIVABLE", "RECEIVABLE_BALANCE"],
        "UPDATE receivable SET amount_fen = amount_fen + 1 WHERE debtor_kind = 'channel' AND payment_id = \
         (SELECT MIN(payment_id) FROM receivable WHERE debtor_kind = 'channel') AND refund = FALSE",
        "UPDATE receivable SET amount_fen = amount_fen - 1 WHERE debtor_kind = 'channel' AND payment_id = \
         (SELECT MIN(payment_id) FROM receivable WHERE debtor_kind = 'channel') AND refund = FALSE",
    ),
    edit(
        "settlement",
        &["PAYMENT_SETTLEMENT_ROW"],
        "UPDATE settlement_row SET fund_fen = fund_fen + 1 WHERE payment_id = \
         (SELECT MIN(payment_id) FROM settlement_row) AND refund = FALSE",
        "UPDATE settlement_row SET fund_fen = fund_fen - 1 WHERE payment_id = \
         (SELECT MIN(payment_id) FROM settlement_row) AND refund = FALSE",
    ),
    edit(
        "settlement",
        &["INSURER_MESSAGE"],
        "UPDATE insurer_message SET reference = 'x' || reference WHERE msgid = \
         (SELECT MIN(msgid) FROM insurer_message)",
        "UPDATE insurer_message SET reference = SUBSTR(reference, 2) WHERE reference LIKE 'x%'",
    ),
    edit(
        "settlement",
        &["PAYMENT_RECEIVABLE", "RECEIVABLE_ASTRAY"],
        "UPDATE receivable SET payment_id = 'x' || payment_id WHERE debtor_kind = 'channel' AND payment_id = \
         (SELECT MAX(payment_id) FROM receivable WHERE debtor_kind = 'channel')",
        "UPDATE receivable SET payment_id = SUBSTR(payment_id, 2) WHERE payment_id LIKE 'x%'",
    ),
    // claims
    edit(
        "settlement",
        &["CLAIM_AMOUNT", "CLAIM_PAID"],
        "UPDATE claim SET claimed_fen = claimed_fen + 1",
        "UPDATE claim SET claimed_fen = claimed_fen - 1",
    ),
    edit(
        "settlement",
        &["CLAIM_OPEN", "CLAIM_PAID", "RECEIVABLE_BALANCE"],
        "UPDATE claim SET state = 'approved'",
        "UPDATE claim SET state = 'paid'",
    ),
    edit(
        "settlement",
        &["CLAIM_CUT"],
        "UPDATE claim_line SET deducted_fen = deducted_fen + 1",
        "UPDATE claim_line SET deducted_fen = deducted_fen - 1",
    ),
    edit(
        "settlement",
        &["CLAIM_OPEN", "RECEIVABLE_BALANCE"],
        "UPDATE receivable SET open = TRUE WHERE open = FALSE AND debtor_kind = 'agency' AND payment_id = \
         (SELECT MIN(payment_id) FROM receivable WHERE open = FALSE)",
        "UPDATE receivable SET open = FALSE WHERE debtor_kind = 'agency' AND fixmedins_code = \
         (SELECT fixmedins_code FROM claim)",
    ),
    // the stock
    edit(
        "inventory",
        &["LOT_ON_HAND"],
        "UPDATE lot SET on_hand_e4 = on_hand_e4 + 10000 WHERE lot_id = (SELECT MIN(lot_id) FROM lot)",
        "UPDATE lot SET on_hand_e4 = on_hand_e4 - 10000 WHERE lot_id = (SELECT MIN(lot_id) FROM lot)",
    ),
    edit(
        "inventory",
        &["LOT_RESERVED"],
        "UPDATE lot SET reserved_e4 = reserved_e4 - 10000 WHERE lot_id = \
         (SELECT MIN(lot_id) FROM lot WHERE reserved_e4 > 0)",
        "UPDATE lot SET reserved_e4 = reserved_e4 + 10000 WHERE lot_id IN (SELECT p.lot_id FROM reservation_pick p \
         JOIN reservation r ON r.reservation_id = p.reservation_id WHERE r.state = 1)",
    ),
    edit(
        "inventory",
        &["LOT_ON_HAND", "RESERVATION_SALE"],
        "UPDATE movement SET quantity_e4 = quantity_e4 - 10000 WHERE movement_id = \
         (SELECT MIN(movement_id) FROM movement WHERE kind = 3)",
        "UPDATE movement SET quantity_e4 = quantity_e4 + 10000 WHERE movement_id = \
         (SELECT MIN(movement_id) FROM movement WHERE kind = 3)",
    ),
    edit(
        "inventory",
        &["ORDER_WITHOUT_STOCK", "STOCK_WITHOUT_ORDER"],
        "UPDATE reservation SET order_id = 'x' || order_id WHERE reservation_id = \
         (SELECT MIN(reservation_id) FROM reservation WHERE state = 1)",
        "UPDATE reservation SET order_id = SUBSTR(order_id, 2) WHERE order_id LIKE 'x%'",
    ),
    edit(
        "inventory",
        &["LOT_RESERVED", "RESERVATION_LINE"],
        "UPDATE reservation_pick SET quantity_e4 = quantity_e4 + 10000 WHERE reservation_id = \
         (SELECT MIN(reservation_id) FROM reservation WHERE state = 1)",
        "UPDATE reservation_pick SET quantity_e4 = quantity_e4 - 10000 WHERE reservation_id = \
         (SELECT MIN(reservation_id) FROM reservation WHERE state = 1)",
    ),
    edit(
        "inventory",
        &["CODE_STATE"],
        "UPDATE trace_code SET state = 'in_stock', order_id = '' WHERE drug_trac_codg = \
         (SELECT MIN(drug_trac_codg) FROM trace_code WHERE state = 'dispensed' AND order_id = \
         (SELECT MIN(order_id) FROM movement WHERE kind = 3 AND hi_rxno = ''))",
        "UPDATE trace_code SET state = 'dispensed', order_id = (SELECT MIN(order_id) FROM movement WHERE kind = 3 \
         AND hi_rxno = '') WHERE state = 'in_stock' AND drug_trac_codg IN (SELECT c.drug_trac_codg FROM movement_code c \
         JOIN movement m ON m.movement_id = c.movement_id WHERE m.kind = 3)",
    ),
    edit(
        "inventory",
        &["CODE_SOLD_TWICE"],
        "INSERT INTO movement_code (movement_id, drug_trac_codg) SELECT movement_id, \
         (SELECT MIN(c.drug_trac_codg) FROM movement_code c JOIN movement m ON m.movement_id = c.movement_id \
         WHERE m.kind = 3 AND m.hi_rxno <> '') FROM movement WHERE movement_id = \
         (SELECT MAX(movement_id) FROM movement WHERE kind = 3 AND hi_rxno = '')",
        "DELETE FROM movement_code WHERE movement_id = \
         (SELECT MAX(movement_id) FROM movement WHERE kind = 3 AND hi_rxno = '') AND drug_trac_codg = \
         (SELECT MIN(c.drug_trac_codg) FROM movement_code c JOIN movement m ON m.movement_id = c.movement_id \
         WHERE m.kind = 3 AND m.hi_rxno <> '')",
    ),
    edit(
        "inventory",
        &["CODE_ORDER"],
        "UPDATE trace_code SET order_id = 'x' || order_id WHERE drug_trac_codg = \
         (SELECT MIN(drug_trac_codg) FROM trace_code WHERE state = 'dispensed')",
        "UPDATE trace_code SET order_id = SUBSTR(order_id, 2) WHERE order_id LIKE 'x%'",
    ),
    edit(
        "inventory",
        &["CODE_ORDER", "RESERVATION_SALE", "SALE_ASTRAY"],
        "UPDATE movement SET order_id = 'x' || order_id WHERE movement_id = \
         (SELECT MIN(movement_id) FROM movement WHERE kind = 3)",
        "UPDATE movement SET order_id = SUBSTR(order_id, 2) WHERE order_id LIKE 'x%'",
    ),
    edit(
        "inventory",
        &["RESERVATION_RETURN", "STOCK_DIFFERS"],
        "UPDATE reservation SET state = 5 WHERE state = 2 AND order_id = \
         (SELECT MIN(order_id) FROM movement WHERE kind = 3 AND hi_rxno <> '')",
        "UPDATE reservation SET state = 2 WHERE state = 5",
    ),
    edit(
        "inventory",
        &["CODE_ASTRAY", "CODE_ORDER", "CODE_STATE"],
        "UPDATE trace_code SET drug_trac_codg = 'x' || drug_trac_codg WHERE drug_trac_codg = \
         (SELECT MIN(drug_trac_codg) FROM trace_code WHERE state = 'dispensed')",
        "UPDATE trace_code SET drug_trac_codg = SUBSTR(drug_trac_codg, 2) WHERE drug_trac_codg LIKE 'x%'",
    ),
    // prescriptions
    edit(
        "prescription",
        &["RX_LINE", "RX_USE"],
        "UPDATE rx_line SET dispensed_e4 = dispensed_e4 - 10000 WHERE line_no = 1",
        "UPDATE rx_line SET dispensed_e4 = dispensed_e4 + 10000 WHERE line_no = 1",
    ),
    edit("prescription", &["RX_USE"], "UPDATE prescription SET used = 3", "UPDATE prescription SET used = 2"),
    edit(
        "prescription",
        &["SLOT_PLACES"],
        "UPDATE slot SET available = available + 1 WHERE slot_id = (SELECT MIN(slot_id) FROM slot \
         WHERE available < capacity)",
        "UPDATE slot SET available = available - 1 WHERE slot_id = (SELECT slot_id FROM visit)",
    ),
    edit(
        "prescription",
        &["CHANGE_FEED"],
        "UPDATE feed_head SET sequence = sequence + 1 WHERE institution = (SELECT MIN(institution) FROM feed_head)",
        "UPDATE feed_head SET sequence = sequence - 1 WHERE institution = (SELECT MIN(institution) FROM feed_head)",
    ),
    edit(
        "prescription",
        &["ORDER_WITHOUT_VISIT", "SLOT_PLACES"],
        "UPDATE visit SET state = 5",
        "UPDATE visit SET state = 4",
    ),
    edit(
        "prescription",
        &["ORDER_WITHOUT_VISIT", "VISIT_WITHOUT_ORDER"],
        "UPDATE visit SET order_id = 'x' || order_id",
        "UPDATE visit SET order_id = SUBSTR(order_id, 2)",
    ),
    edit(
        "prescription",
        &["DISPENSED_NOT_RECORDED", "DISPENSED_WITHOUT_ORDER"],
        "UPDATE hand_out SET order_id = 'x' || order_id",
        "UPDATE hand_out SET order_id = SUBSTR(order_id, 2)",
    ),
    // orders, and what they are to others
    edit(
        "order",
        &["STORY_LENGTH"],
        "UPDATE purchase_order SET story_count = story_count + 1 WHERE order_id = \
         (SELECT MIN(order_id) FROM purchase_order)",
        "UPDATE purchase_order SET story_count = story_count - 1 WHERE order_id = \
         (SELECT MIN(order_id) FROM purchase_order)",
    ),
    edit(
        "order",
        &["JOURNAL_LENGTH"],
        "UPDATE purchase_order SET step_count = step_count + 1 WHERE order_id = \
         (SELECT MIN(order_id) FROM purchase_order)",
        "UPDATE purchase_order SET step_count = step_count - 1 WHERE order_id = \
         (SELECT MIN(order_id) FROM purchase_order)",
    ),
    edit(
        "order",
        &["ORDER_LINES"],
        "UPDATE order_line SET order_id = 'x' || order_id WHERE line_no = 1 AND order_id = \
         (SELECT MIN(order_id) FROM purchase_order WHERE kind = 'otc')",
        "UPDATE order_line SET order_id = SUBSTR(order_id, 2) WHERE order_id LIKE 'x%'",
    ),
    edit(
        "order",
        &["ORDER_STATE"],
        "UPDATE purchase_order SET state = 'x' || state WHERE kind = 'prescription'",
        "UPDATE purchase_order SET state = SUBSTR(state, 2) WHERE state LIKE 'x%'",
    ),
    edit(
        "order",
        &["ORDER_WITHOUT_PAYMENT"],
        "UPDATE purchase_order SET payment_id = 'x' || payment_id WHERE kind = 'prescription'",
        "UPDATE purchase_order SET payment_id = SUBSTR(payment_id, 2) WHERE kind = 'prescription'",
    ),
    edit(
        "order",
        &["DISPENSED_BUT_ORDER_IS", "PAID_BUT_ORDER_IS", "STOCK_DIFFERS"],
        "UPDATE purchase_order SET state = 'refunded' WHERE kind = 'prescription'",
        "UPDATE purchase_order SET state = 'completed' WHERE kind = 'prescription'",
    ),
    edit(
        "order",
        &["DELIVERY_DIFFERS", "PAID_BUT_ORDER_IS", "STOCK_DIFFERS"],
        "UPDATE purchase_order SET state = 'cancelled' WHERE state = 'paid'",
        "UPDATE purchase_order SET state = 'paid' WHERE state = 'cancelled'",
    ),
    edit(
        "order",
        &["DELIVERY_DIFFERS", "ORDER_PAID_BUT_PAYMENT_IS", "STOCK_DIFFERS"],
        "UPDATE purchase_order SET state = 'completed' WHERE state = 'refunded'",
        "UPDATE purchase_order SET state = 'refunded' WHERE payment_id IN (SELECT payment_id FROM purchase_order \
         WHERE cancel_reason = 'CANCELLED_BY_PATIENT')",
    ),
    edit(
        "order",
        &["PAID_BUT_ORDER_IS", "VISIT_PAID_BUT_ORDER_IS"],
        "UPDATE purchase_order SET state = 'refunded' WHERE kind = 'consultation'",
        "UPDATE purchase_order SET state = 'completed' WHERE kind = 'consultation'",
    ),
    edit(
        "order",
        &[
            "DISPENSED_NOT_RECORDED",
            "DISPENSED_WITHOUT_ORDER",
            "JOURNAL_LENGTH",
            "ORDER_LINES",
            "ORDER_WITHOUT_PAYMENT",
            "ORDER_WITHOUT_STOCK",
            "PAID_WITHOUT_ORDER",
            "STOCK_WITHOUT_ORDER",
            "STORY_LENGTH",
        ],
        "UPDATE purchase_order SET order_id = 'x' || order_id WHERE kind = 'prescription'",
        "UPDATE purchase_order SET order_id = SUBSTR(order_id, 2) WHERE order_id LIKE 'x%'",
    ),
    // deliveries
    edit(
        "dispatch",
        &["DELIVERY_DIFFERS", "TRACK_STATE"],
        "UPDATE delivery SET state = 'returned' WHERE state = 'delivered'",
        "UPDATE delivery SET state = 'delivered' WHERE state = 'returned'",
    ),
    edit(
        "dispatch",
        &["TRACK_LENGTH", "TRACK_STATE"],
        "UPDATE delivery SET last_sequence = last_sequence + 1 WHERE state = 'delivered'",
        "UPDATE delivery SET last_sequence = last_sequence - 1 WHERE state = 'delivered'",
    ),
    edit(
        "dispatch",
        &["FAILED_ATTEMPTS"],
        "UPDATE delivery SET failed_attempts = failed_attempts + 1 WHERE state = 'delivered'",
        "UPDATE delivery SET failed_attempts = failed_attempts - 1 WHERE state = 'delivered'",
    ),
    edit(
        "dispatch",
        &["DELIVERY_WITHOUT_ORDER"],
        "UPDATE delivery SET order_id = 'x' || order_id WHERE state = 'waiting'",
        "UPDATE delivery SET order_id = SUBSTR(order_id, 2) WHERE state = 'waiting'",
    ),
    edit(
        "dispatch",
        &["ORDER_WITHOUT_DELIVERY"],
        "UPDATE delivery SET order_id = 'x' || order_id WHERE state = 'delivered'",
        "UPDATE delivery SET order_id = SUBSTR(order_id, 2) WHERE state = 'delivered'",
    ),
    // news that nobody was told
    edit(
        "identity",
        &["OUTBOX_WAITS"],
        "INSERT INTO outbox (id, topic, key, payload, traceparent, created_at_us, leased_until_us, attempts) \
         VALUES ('evt-0', 'liufang.test.v1.Nothing', 'x', '', '', 0, 0, 0)",
        "DELETE FROM outbox WHERE id = 'evt-0'",
    ),
];
