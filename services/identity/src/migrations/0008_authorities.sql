-- Authorities that came with a signing certificate: DER in Base64, a space between two.
ALTER TABLE certificate ADD COLUMN chain TEXT NOT NULL DEFAULT '';
CREATE INDEX certificate_serial ON certificate (serial);

-- The newest revocation list of each authority, and everything its lists have said: public, nothing sealed.
CREATE TABLE revocation_list (
    -- name and key of the authority, SHA-256
    issuer TEXT NOT NULL PRIMARY KEY,
    issuer_text TEXT NOT NULL,
    -- SHA-256 of the DER
    fingerprint TEXT NOT NULL,
    number TEXT NOT NULL,
    this_update_us BIGINT NOT NULL,
    next_update_us BIGINT NOT NULL,
    imported_at_us BIGINT NOT NULL
);
CREATE TABLE revoked_certificate (
    issuer TEXT NOT NULL,
    serial TEXT NOT NULL,
    revoked_at_us BIGINT NOT NULL,
    reason INTEGER NOT NULL,
    -- over when the next list does not have it
    hold BOOLEAN NOT NULL,
    PRIMARY KEY (issuer, serial)
);

-- Sign-ins that ended lately are told to the gateways.
CREATE INDEX token_family_revoked ON token_family (revoked_at_us);

-- What a guardian's calls left in the child's access records this hour.
CREATE TABLE acting_noted (
    guardian_person_id TEXT NOT NULL,
    child_person_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    hour_us BIGINT NOT NULL,
    PRIMARY KEY (guardian_person_id, child_person_id, purpose, hour_us)
);
CREATE INDEX acting_noted_hour ON acting_noted (hour_us);
