-- One chain, one head and one set of balances per region 统筹区. Each begins where the chain of the whole installation ends
-- once that one is closed (deploy/upgrade/settlement.sql); until then everything is booked on it, as by the version before.
CREATE TABLE region_head (
    region TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
);

CREATE TABLE region_transfer (
    region TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    transfer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (region, sequence),
    UNIQUE (region, kind, reference)
);
CREATE INDEX region_transfer_by_reference ON region_transfer (reference);

CREATE TABLE region_entry (
    region TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    entry_no BIGINT NOT NULL,
    account TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    PRIMARY KEY (region, sequence, entry_no)
);

CREATE TABLE region_balance (
    region TEXT NOT NULL,
    account TEXT NOT NULL,
    balance_fen BIGINT NOT NULL,
    PRIMARY KEY (region, account)
);

-- The books as a whole; region is empty for the chain of the whole installation.
CREATE VIEW book_transfer AS
    SELECT '' AS region, sequence, transfer_id, kind, reference, at_us, hash FROM ledger_transfer
    UNION ALL SELECT region, sequence, transfer_id, kind, reference, at_us, hash FROM region_transfer;
CREATE VIEW book_entry AS
    SELECT '' AS region, sequence, entry_no, account, amount_fen FROM ledger_entry
    UNION ALL SELECT region, sequence, entry_no, account, amount_fen FROM region_entry;
CREATE VIEW book_balance AS
    SELECT '' AS region, account, balance_fen FROM ledger_balance
    UNION ALL SELECT region, account, balance_fen FROM region_balance;

-- The region whose fund fills the account and in which alone it pays; empty until the account is next moved.
ALTER TABLE personal_account ADD COLUMN region TEXT NOT NULL DEFAULT '';

-- An installation that has booked nothing has nothing to wait for.
UPDATE ledger_head SET id = 0 WHERE id = 1 AND sequence = 0;
