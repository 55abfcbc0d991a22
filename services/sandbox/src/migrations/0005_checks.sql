-- Checks of people that are still at work: by the caller's request id, without the person.
CREATE TABLE pending_check (
    request_id TEXT NOT NULL PRIMARY KEY,
    proof_serial TEXT NOT NULL,
    ends_at_us BIGINT NOT NULL
);
