-- Whether the present claim has handed out anything: what it has may not be given back as if nothing had happened.
ALTER TABLE prescription ADD COLUMN handed BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE prescription SET handed = TRUE WHERE used <> 1 AND holder <> '';

-- Tokens of the counter, as keyed hashes. Kind 1: a patient's QR of one prescription. Kind 2: a pharmacy's token for what its
-- visitor may have filled; without a prescription: all of them.
CREATE TABLE counter_token (
    token_hash TEXT PRIMARY KEY,
    kind INTEGER NOT NULL,
    person_id TEXT NOT NULL,
    hi_rxno TEXT NOT NULL,
    pharmacy TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    used_at_us BIGINT NOT NULL
);
CREATE INDEX counter_token_expiry ON counter_token (expires_at_us);
CREATE INDEX counter_token_qr ON counter_token (hi_rxno, kind);
