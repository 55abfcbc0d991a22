-- Checks that a provider is still at work on. Names nobody: the session does.
CREATE TABLE open_check (
    request_id TEXT NOT NULL PRIMARY KEY,
    verification_id TEXT NOT NULL,
    step INTEGER NOT NULL,
    provider TEXT NOT NULL,
    asks INTEGER NOT NULL,
    next_us BIGINT NOT NULL,
    until_us BIGINT NOT NULL
);
CREATE INDEX open_check_next ON open_check (next_us);
