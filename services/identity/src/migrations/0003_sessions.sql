-- Sign-ins a person can list and end; what was tried in a person's name.

ALTER TABLE token_family ADD COLUMN started_at_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE token_family ADD COLUMN used_at_us BIGINT NOT NULL DEFAULT 0;
CREATE INDEX token_family_person ON token_family (person_id, family_id);

-- one try of a step; append-only, without personal data
CREATE TABLE verification_event (
    event_id TEXT NOT NULL PRIMARY KEY,
    certno_blind TEXT NOT NULL,
    -- last characters of the session's id: whoever knows all of it may go on with the session
    session_tail TEXT NOT NULL,
    purpose INTEGER NOT NULL,
    step INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    -- outside provider that answered; empty when none did or none was asked
    provider TEXT NOT NULL,
    platform TEXT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX verification_event_certno ON verification_event (certno_blind, event_id);
CREATE INDEX verification_event_at ON verification_event (at_us);
