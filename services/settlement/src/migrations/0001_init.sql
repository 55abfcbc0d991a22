-- Quotes. The body names drugs and a disease, so it is sealed.
CREATE TABLE quote (
    quote_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    sealed_body TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL
);
CREATE INDEX quote_by_order ON quote (order_id);

-- Payments and their journal: `step` is the next thing to do, written before it is done.
CREATE TABLE payment (
    payment_id TEXT PRIMARY KEY,
    quote_id TEXT NOT NULL UNIQUE,
    order_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    region TEXT NOT NULL,
    insutype TEXT NOT NULL,
    agency TEXT NOT NULL,
    state TEXT NOT NULL,
    step TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at_us BIGINT NOT NULL,
    version BIGINT NOT NULL,
    legs TEXT NOT NULL,
    cash_fen BIGINT NOT NULL,
    freight_fen BIGINT NOT NULL,
    channel TEXT NOT NULL,
    channel_order_no TEXT NOT NULL,
    refund_no TEXT NOT NULL,
    msgid TEXT NOT NULL,
    reverse_msgid TEXT NOT NULL,
    setl_id TEXT NOT NULL,
    hold_expires_at_us BIGINT NOT NULL,
    captured_at_us BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    failure_reason TEXT NOT NULL,
    refund_reason TEXT NOT NULL,
    created_at_us BIGINT NOT NULL
);
CREATE INDEX payment_by_order ON payment (order_id, created_at_us);
CREATE INDEX payment_by_channel_order ON payment (channel_order_no);
CREATE INDEX payment_by_person ON payment (person_id, state);
CREATE INDEX payment_due ON payment (state, next_at_us);

-- Holds on personal accounts.
CREATE TABLE hold (
    hold_id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    state TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL
);
CREATE INDEX hold_by_payment ON hold (payment_id);
CREATE INDEX hold_open ON hold (person_id, state);

-- Personal accounts 个人账户. The checks are the last guard; the statements guard themselves.
CREATE TABLE personal_account (
    person_id TEXT PRIMARY KEY,
    balance_fen BIGINT NOT NULL CHECK (balance_fen >= 0),
    held_fen BIGINT NOT NULL CHECK (held_fen >= 0),
    CHECK (held_fen <= balance_fen)
);

CREATE TABLE statement_row (
    person_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    kind TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    balance_fen BIGINT NOT NULL,
    order_id TEXT NOT NULL,
    for_relative BOOLEAN NOT NULL,
    PRIMARY KEY (person_id, sequence)
);

-- A person's year. `scope` is a keyed index: a disease cannot be read from it.
CREATE TABLE accumulator (
    person_id TEXT NOT NULL,
    year BIGINT NOT NULL,
    insutype TEXT NOT NULL,
    scope TEXT NOT NULL,
    deductible_fen BIGINT NOT NULL,
    expense_fen BIGINT NOT NULL,
    fund_paid_fen BIGINT NOT NULL,
    PRIMARY KEY (person_id, year, insutype, scope)
);

-- The ledger. One head row serialises appends.
CREATE TABLE ledger_head (
    id BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO ledger_head (id, sequence, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE ledger_transfer (
    sequence BIGINT PRIMARY KEY,
    transfer_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (kind, reference)
);
CREATE INDEX ledger_transfer_by_reference ON ledger_transfer (reference);

CREATE TABLE ledger_entry (
    sequence BIGINT NOT NULL,
    entry_no BIGINT NOT NULL,
    account TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    PRIMARY KEY (sequence, entry_no)
);

CREATE TABLE ledger_balance (
    account TEXT PRIMARY KEY,
    balance_fen BIGINT NOT NULL
);

-- What a credit row said, so that the same key with other words is refused.
CREATE TABLE credit_row (
    row_key TEXT PRIMARY KEY,
    person_id TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL
);

-- Insured settlements and their refunds: the rows that 3201 adds up.
CREATE TABLE settlement_row (
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
    PRIMARY KEY (payment_id, refund)
);
CREATE INDEX settlement_row_by_day ON settlement_row (fixmedins_code, stmt_date);

-- What debtors owe institutions (`debtor_kind` agency or channel); negative rows are refunds.
CREATE TABLE receivable (
    payment_id TEXT NOT NULL,
    refund BOOLEAN NOT NULL,
    debtor_kind TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    debtor TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    stmt_date TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    open BOOLEAN NOT NULL,
    PRIMARY KEY (payment_id, refund, debtor_kind)
);
CREATE INDEX receivable_open ON receivable (fixmedins_code, open);

CREATE TABLE closed_day (
    fixmedins_code TEXT NOT NULL,
    stmt_date TEXT NOT NULL,
    closed_at_us BIGINT NOT NULL,
    PRIMARY KEY (fixmedins_code, stmt_date)
);

CREATE TABLE claim (
    claim_id TEXT PRIMARY KEY,
    fixmedins_code TEXT NOT NULL,
    agency TEXT NOT NULL,
    stmt_date TEXT NOT NULL,
    state TEXT NOT NULL,
    claimed_fen BIGINT NOT NULL,
    deducted_fen BIGINT NOT NULL,
    paid_fen BIGINT NOT NULL,
    deduction_reason TEXT NOT NULL,
    bank_reference TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    UNIQUE (fixmedins_code, agency, stmt_date)
);

-- Notices that were taken; a duplicate changes nothing.
CREATE TABLE channel_notice (
    channel TEXT NOT NULL,
    notice_id TEXT NOT NULL,
    channel_order_no TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (channel, notice_id)
);

-- Differences a person must look at.
CREATE TABLE raised_difference (
    difference_id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    ours_fen BIGINT NOT NULL,
    theirs_fen BIGINT NOT NULL,
    raised_at_us BIGINT NOT NULL,
    UNIQUE (payment_id, kind, theirs_fen)
);

-- Sequence part of msgid (domain.md §11), per institution.
CREATE TABLE message_counter (
    fixmedins_code TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);
