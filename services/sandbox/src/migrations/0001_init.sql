-- Failure dials. `remaining` 0 with `forever` false is used up.
CREATE TABLE dial (
    dial_id TEXT NOT NULL PRIMARY KEY,
    method TEXT NOT NULL,
    pattern_sealed TEXT NOT NULL,
    pattern_index TEXT NOT NULL,
    position INTEGER NOT NULL,
    forever BOOLEAN NOT NULL,
    remaining BIGINT NOT NULL,
    set_at_us BIGINT NOT NULL,
    UNIQUE (method, pattern_index)
);

-- Text messages the carrier took.
CREATE TABLE message (
    request_id TEXT NOT NULL PRIMARY KEY,
    phone_index TEXT NOT NULL,
    text_sealed TEXT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX message_by_phone ON message (phone_index, at_us);

-- The channel's books.
CREATE TABLE channel_payment (
    channel_order_no TEXT NOT NULL PRIMARY KEY,
    channel INTEGER NOT NULL,
    channel_trade_no TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    freight_fen BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at_us BIGINT NOT NULL
);

CREATE TABLE channel_refund (
    refund_no TEXT NOT NULL PRIMARY KEY,
    channel_order_no TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL
);

-- Notices on their way to the merchant.
CREATE TABLE channel_notice (
    row_id TEXT NOT NULL PRIMARY KEY,
    channel INTEGER NOT NULL,
    body BYTEA NOT NULL,
    signature TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at_us BIGINT NOT NULL
);
CREATE INDEX channel_notice_due ON channel_notice (state, next_at_us);

-- The insurer's books.
CREATE TABLE insurer_settlement (
    msgid TEXT NOT NULL PRIMARY KEY,
    setl_id TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    insutype TEXT NOT NULL,
    medfee_sumamt_fen BIGINT NOT NULL,
    fund_pay_sumamt_fen BIGINT NOT NULL,
    acct_pay_fen BIGINT NOT NULL,
    acct_mulaid_pay_fen BIGINT NOT NULL,
    psn_cash_pay_fen BIGINT NOT NULL,
    reversed BOOLEAN NOT NULL,
    created_at_us BIGINT NOT NULL
);

-- Jobs of the outside courier company.
CREATE TABLE courier_job (
    delivery_id TEXT NOT NULL PRIMARY KEY,
    job_no TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at_us BIGINT NOT NULL
);
