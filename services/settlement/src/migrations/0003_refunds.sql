-- What an operator said about a payment that did not get on by itself; rows are never changed.
CREATE TABLE payment_resolution (
    resolution_id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    step TEXT NOT NULL,
    word TEXT NOT NULL,
    evidence TEXT NOT NULL,
    operator TEXT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX payment_resolution_by_payment ON payment_resolution (payment_id);
