-- Cases. `open_key` is set while a case is not closed: a second finding with the same key joins it.
CREATE TABLE supervision_case (
    case_id TEXT NOT NULL PRIMARY KEY,
    open_key TEXT UNIQUE,
    rule_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    sev_deg TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    region TEXT NOT NULL,
    subject TEXT NOT NULL,
    evidence TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT NOT NULL,
    opened_at_us BIGINT NOT NULL,
    last_seen_at_us BIGINT NOT NULL,
    occurrences INTEGER NOT NULL
);
CREATE INDEX supervision_case_newest ON supervision_case (opened_at_us, case_id);

-- Trace codes as the sales told them.
CREATE TABLE sold_code (
    drug_trac_codg TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    returned BOOLEAN NOT NULL
);

-- The latest price of a drug in an institution.
CREATE TABLE price (
    fixmedins_code TEXT NOT NULL,
    med_list_codg TEXT NOT NULL,
    region TEXT NOT NULL,
    price_micro BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (fixmedins_code, med_list_codg)
);
CREATE INDEX price_of_drug ON price (med_list_codg, region);

-- What a person was dispensed, and until when it lasts.
CREATE TABLE supply (
    person_id TEXT NOT NULL,
    substance TEXT NOT NULL,
    order_id TEXT NOT NULL,
    hi_rxno TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    lasts_until_us BIGINT NOT NULL,
    PRIMARY KEY (person_id, substance, order_id)
);

-- Captured payments and whole refunds, by the day in China.
CREATE TABLE payment (
    payment_id TEXT NOT NULL PRIMARY KEY,
    fixmedins_code TEXT NOT NULL,
    region TEXT NOT NULL,
    day TEXT NOT NULL,
    fund_fen BIGINT NOT NULL,
    account_fen BIGINT NOT NULL,
    relative_fen BIGINT NOT NULL,
    cash_fen BIGINT NOT NULL
);
CREATE INDEX payment_by_day ON payment (day, fixmedins_code);
CREATE TABLE refund (
    payment_id TEXT NOT NULL PRIMARY KEY,
    day TEXT NOT NULL
);
CREATE INDEX refund_by_day ON refund (day);
