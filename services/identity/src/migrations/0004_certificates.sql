-- Signing certificates of practitioners: public, so nothing is sealed.

CREATE TABLE certificate (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    practitioner TEXT NOT NULL,
    serial TEXT NOT NULL,
    issuer TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    signing_key TEXT NOT NULL,
    not_before_us BIGINT NOT NULL,
    not_after_us BIGINT NOT NULL,
    revoked_at_us BIGINT,
    -- 0 while it is not revoked
    revocation_reason INTEGER NOT NULL,
    -- DER in Base64
    certificate TEXT NOT NULL,
    registered_at_us BIGINT NOT NULL
);
CREATE INDEX certificate_practitioner ON certificate (practitioner, fingerprint);
-- a key has one owner
CREATE INDEX certificate_key ON certificate (signing_key);
