-- Repeat prescriptions: every use is a row of its own, named after the first one. `opens_at_us` moves with the dispensing before
-- it, `planned_at_us` is what was signed. Zero uses: it does not repeat.
ALTER TABLE prescription ADD COLUMN series TEXT NOT NULL DEFAULT '';
ALTER TABLE prescription ADD COLUMN use_no INTEGER NOT NULL DEFAULT 0;
ALTER TABLE prescription ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE prescription ADD COLUMN min_interval_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE prescription ADD COLUMN opens_at_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE prescription ADD COLUMN planned_at_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE prescription ADD COLUMN later_uses TEXT NOT NULL DEFAULT '';
CREATE INDEX prescription_series ON prescription (series, use_no);
