-- The prescriber may ask to revoke what a pharmacy holds: it takes effect when nobody has it any more.
ALTER TABLE prescription ADD COLUMN revoke_asked BOOLEAN NOT NULL DEFAULT FALSE;
