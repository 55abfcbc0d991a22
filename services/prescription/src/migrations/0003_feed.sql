-- Each institution's feed of changes counts by itself: a reader follows its own institution alone. Numbers begin after the
-- last one of the whole installation once that numbering is closed (deploy/upgrade/prescription.sql); until then everything
-- goes into `change`, as by the version before, and a sequence seen there is resumed after as ever.
CREATE TABLE feed (
    institution TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    hi_rxno TEXT NOT NULL,
    state INTEGER NOT NULL,
    review INTEGER NOT NULL,
    used INTEGER NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (institution, sequence)
);

CREATE TABLE feed_head (
    institution TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL
);

-- An installation without a change has nothing to wait for.
UPDATE counter SET name = 'change-closed' WHERE name = 'change' AND value = 0;
