-- Documents other than the resident card, guardians of children, since when a doctor practises.

ALTER TABLE person ADD COLUMN cert_type TEXT NOT NULL DEFAULT '01';
ALTER TABLE verification ADD COLUMN cert_type TEXT NOT NULL DEFAULT '01';
-- first registration to practise; empty when it is not known
ALTER TABLE practitioner ADD COLUMN practice_from TEXT NOT NULL DEFAULT '';

CREATE TABLE guardianship (
    guardianship_id TEXT NOT NULL PRIMARY KEY,
    guardian_person_id TEXT NOT NULL,
    child_person_id TEXT NOT NULL,
    relation INTEGER NOT NULL,
    -- 0: in the agency's books
    evidence INTEGER NOT NULL,
    evidence_no_sealed TEXT NOT NULL,
    region TEXT NOT NULL,
    state INTEGER NOT NULL,
    filed_at_us BIGINT NOT NULL,
    begin_date TEXT,
    end_date TEXT
);
CREATE INDEX guardianship_guardian ON guardianship (guardian_person_id, child_person_id);
CREATE INDEX guardianship_child ON guardianship (child_person_id, state);
CREATE INDEX guardianship_filed ON guardianship (state, region, guardianship_id);
-- one living relation of a pair
CREATE UNIQUE INDEX guardianship_pair ON guardianship (guardian_person_id, child_person_id) WHERE state IN (1, 2);
