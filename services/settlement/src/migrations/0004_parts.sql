-- The region packs by which quotes were made, as they were read, and the last day whose rules were used.
CREATE TABLE region_pack (
    region TEXT NOT NULL,
    version TEXT NOT NULL,
    text TEXT NOT NULL,
    used_on TEXT NOT NULL,
    first_seen_us BIGINT NOT NULL,
    PRIMARY KEY (region, version)
);

-- Partial returns of a payment. The body (what came back, what stood before, what stays) names a disease, so it is sealed; the sums
-- are plain, for the auditor. `reference` is that of the two transfers, the mirror and the rest, which are booked together.
CREATE TABLE refund (
    refund_id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    part_no BIGINT NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    sealed_body TEXT NOT NULL,
    refund_no TEXT NOT NULL,
    reverse_msgid TEXT NOT NULL,
    reversed_msgid TEXT NOT NULL,
    reversed_setl_id TEXT NOT NULL,
    rest_msgid TEXT NOT NULL,
    setl_id TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0),
    cash_fen BIGINT NOT NULL CHECK (cash_fen >= 0),
    back_fund_fen BIGINT NOT NULL,
    back_account_fen BIGINT NOT NULL,
    back_cash_fen BIGINT NOT NULL,
    again_fund_fen BIGINT NOT NULL,
    again_account_fen BIGINT NOT NULL,
    again_cash_fen BIGINT NOT NULL,
    reason TEXT NOT NULL,
    started_at_us BIGINT NOT NULL,
    booked_at_us BIGINT NOT NULL,
    UNIQUE (payment_id, part_no)
);

-- A payment may now have several rows of a kind: the key takes the number of the return, 0 for capture and whole refund. The
-- version before writes no number and goes on as it did.
CREATE TABLE settlement_row_by_part (
    payment_id TEXT NOT NULL,
    refund BOOLEAN NOT NULL,
    stmt_date TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    insutype TEXT NOT NULL,
    clr_type TEXT NOT NULL,
    agency TEXT NOT NULL,
    medical_fen BIGINT NOT NULL,
    fund_fen BIGINT NOT NULL,
    account_fen BIGINT NOT NULL,
    cash_fen BIGINT NOT NULL,
    part_no BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (payment_id, refund, part_no)
);
INSERT INTO settlement_row_by_part SELECT payment_id, refund, stmt_date, fixmedins_code, insutype, clr_type, agency, medical_fen,
    fund_fen, account_fen, cash_fen, 0 FROM settlement_row;
DROP TABLE settlement_row;
ALTER TABLE settlement_row_by_part RENAME TO settlement_row;
CREATE INDEX settlement_row_by_day ON settlement_row (fixmedins_code, stmt_date);

CREATE TABLE receivable_by_part (
    payment_id TEXT NOT NULL,
    refund BOOLEAN NOT NULL,
    debtor_kind TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    debtor TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    stmt_date TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    open BOOLEAN NOT NULL,
    part_no BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (payment_id, refund, debtor_kind, part_no)
);
INSERT INTO receivable_by_part SELECT payment_id, refund, debtor_kind, fixmedins_code, debtor, amount_fen, stmt_date, at_us, open, 0
    FROM receivable;
DROP TABLE receivable;
ALTER TABLE receivable_by_part RENAME TO receivable;
CREATE INDEX receivable_open ON receivable (fixmedins_code, open);
