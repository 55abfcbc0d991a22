-- What was asked in full and what the centre calculated, as JSON without a person; empty in rows of before.
ALTER TABLE insurer_settlement ADD COLUMN asked TEXT NOT NULL DEFAULT '';
ALTER TABLE insurer_settlement ADD COLUMN answer TEXT NOT NULL DEFAULT '';
ALTER TABLE insurer_settlement ADD COLUMN person_index TEXT NOT NULL DEFAULT '';
CREATE INDEX insurer_settlement_by_time ON insurer_settlement (created_at_us, msgid);

-- The centre's own sums of a person's year (5206).
CREATE TABLE insurer_year (
    person_index TEXT NOT NULL,
    year BIGINT NOT NULL,
    insutype TEXT NOT NULL,
    deductible_fen BIGINT NOT NULL,
    scope_fen BIGINT NOT NULL,
    fund_fen BIGINT NOT NULL,
    account_fen BIGINT NOT NULL,
    PRIMARY KEY (person_index, year, insutype)
);

-- The centre's own personal accounts.
CREATE TABLE insurer_account (
    person_index TEXT NOT NULL PRIMARY KEY,
    balance_fen BIGINT NOT NULL
);
