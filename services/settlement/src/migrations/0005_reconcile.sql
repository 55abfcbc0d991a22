-- Transfers that are booked together or not at all carry the name and the size of their set.
ALTER TABLE ledger_transfer ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger_transfer ADD COLUMN link_size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE region_transfer ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE region_transfer ADD COLUMN link_size BIGINT NOT NULL DEFAULT 0;

DROP VIEW book_transfer;
CREATE VIEW book_transfer AS
    SELECT '' AS region, sequence, transfer_id, kind, reference, at_us, hash, link, link_size FROM ledger_transfer
    UNION ALL
    SELECT region, sequence, transfer_id, kind, reference, at_us, hash, link, link_size FROM region_transfer;

-- Details of settlements that an institution hands in (3202), and how they compare with ours. No person is named in them.
CREATE TABLE detail_file (
    file_qury_no TEXT PRIMARY KEY,
    fixmedins_code TEXT NOT NULL,
    stmt_begndate TEXT NOT NULL,
    stmt_enddate TEXT NOT NULL,
    state TEXT NOT NULL,
    lines BIGINT NOT NULL,
    agreed BIGINT NOT NULL,
    centre_more BIGINT NOT NULL,
    institution_more BIGINT NOT NULL,
    amounts_differ BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX detail_file_by_institution ON detail_file (fixmedins_code, expires_at_us);

CREATE TABLE detail_line (
    file_qury_no TEXT NOT NULL,
    msgid TEXT NOT NULL,
    refund BOOLEAN NOT NULL,
    setl_id TEXT NOT NULL,
    medical_fen BIGINT NOT NULL,
    fund_fen BIGINT NOT NULL,
    account_fen BIGINT NOT NULL,
    PRIMARY KEY (file_qury_no, msgid, refund)
);

-- `present`: 1 the centre's amounts, 2 the institution's, 3 both.
CREATE TABLE detail_result (
    file_qury_no TEXT NOT NULL,
    line_no BIGINT NOT NULL,
    msgid TEXT NOT NULL,
    refund BOOLEAN NOT NULL,
    setl_id TEXT NOT NULL,
    present BIGINT NOT NULL,
    centre_medical_fen BIGINT NOT NULL,
    centre_fund_fen BIGINT NOT NULL,
    centre_account_fen BIGINT NOT NULL,
    institution_medical_fen BIGINT NOT NULL,
    institution_fund_fen BIGINT NOT NULL,
    institution_account_fen BIGINT NOT NULL,
    PRIMARY KEY (file_qury_no, line_no)
);

-- A channel's statement of a day for one institution, and its lines. A line stands in one statement.
CREATE TABLE channel_statement (
    statement_id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    stmt_date TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL,
    imported_at_us BIGINT NOT NULL,
    UNIQUE (channel, fixmedins_code, stmt_date)
);

CREATE TABLE channel_line (
    channel TEXT NOT NULL,
    number TEXT NOT NULL,
    refund_no TEXT NOT NULL,
    statement_id TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    fee_fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (channel, number, refund_no)
);
CREATE INDEX channel_line_by_state ON channel_line (fixmedins_code, channel, state);
CREATE INDEX channel_line_by_statement ON channel_line (statement_id);

-- What an agency cuts of a claim, payment by payment, and what the institution says to it.
CREATE TABLE claim_line (
    claim_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    refund BOOLEAN NOT NULL,
    deducted_fen BIGINT NOT NULL,
    reason TEXT NOT NULL,
    appeal TEXT NOT NULL,
    PRIMARY KEY (claim_id, payment_id, refund)
);

-- What an agency paid of a claim, in turn.
CREATE TABLE claim_payment (
    claim_id TEXT NOT NULL,
    payment_no BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL,
    bank_reference TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (claim_id, payment_no)
);
CREATE INDEX receivable_by_debtor ON receivable (debtor, open);

-- Who else a row of a statement is about, and what a relative's account paid for the person it belongs to.
ALTER TABLE statement_row ADD COLUMN other_person_id TEXT NOT NULL DEFAULT '';
ALTER TABLE statement_row ADD COLUMN aid_fen BIGINT NOT NULL DEFAULT 0;
