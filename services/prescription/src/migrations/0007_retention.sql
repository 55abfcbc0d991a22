-- How long a row is kept, and when its personal data went. What it said is remembered as a hash. Rows of before have no end: the
-- operator sets one.
ALTER TABLE prescription ADD COLUMN keep_until_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE prescription ADD COLUMN archived_at_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE prescription ADD COLUMN document_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE visit ADD COLUMN keep_until_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE visit ADD COLUMN archived_at_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE visit ADD COLUMN record_hash TEXT NOT NULL DEFAULT '';
CREATE INDEX prescription_keep ON prescription (archived_at_us, keep_until_us);
CREATE INDEX visit_keep ON visit (archived_at_us, keep_until_us);
