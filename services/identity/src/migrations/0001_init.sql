-- Names, numbers, phones and medical data are sealed text (*_sealed); look-ups go through keyed hashes (*_blind, *_hash).

CREATE TABLE person (
    person_id TEXT NOT NULL PRIMARY KEY,
    certno_blind TEXT NOT NULL,
    name_sealed TEXT NOT NULL,
    certno_sealed TEXT NOT NULL,
    -- empty when no phone is known
    phone_sealed TEXT NOT NULL,
    -- chronic registrations and allergies as one sealed JSON text
    health_sealed TEXT NOT NULL,
    -- real-name verification passed at least once
    verified_at_us BIGINT,
    created_at_us BIGINT NOT NULL
);
CREATE UNIQUE INDEX person_certno ON person (certno_blind);

CREATE TABLE insurance (
    person_id TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    insutype TEXT NOT NULL,
    psn_type TEXT NOT NULL,
    insured_place TEXT NOT NULL,
    state INTEGER NOT NULL,
    begin_date TEXT NOT NULL,
    end_date TEXT,
    PRIMARY KEY (person_id, ordinal)
);

CREATE TABLE verification (
    verification_id TEXT NOT NULL PRIMARY KEY,
    purpose INTEGER NOT NULL,
    -- purchase platform that opened the session; empty for the person's own app
    platform TEXT NOT NULL,
    -- empty until the ID number passed
    person_id TEXT NOT NULL,
    name_sealed TEXT NOT NULL,
    certno_sealed TEXT NOT NULL,
    certno_blind TEXT NOT NULL,
    phone_sealed TEXT NOT NULL,
    phone_blind TEXT NOT NULL,
    -- state and attempts of every step, JSON
    steps TEXT NOT NULL,
    -- keyed hash of the one-time code; empty when none was sent
    code_hash TEXT NOT NULL,
    code_sent_at_us BIGINT NOT NULL,
    code_delivered BOOLEAN NOT NULL,
    expires_at_us BIGINT NOT NULL,
    locked_until_us BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX verification_expiry ON verification (expires_at_us);

CREATE TABLE verification_lock (
    certno_blind TEXT NOT NULL PRIMARY KEY,
    locked_until_us BIGINT NOT NULL
);

CREATE TABLE face_proof (
    verification_id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL,
    purpose INTEGER NOT NULL,
    -- the provider's serial of the pass (authNo)
    serial_sealed TEXT NOT NULL,
    passed_at_us BIGINT NOT NULL,
    valid_until_us BIGINT NOT NULL,
    used_at_us BIGINT,
    used_for TEXT NOT NULL
);

CREATE TABLE token_family (
    family_id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL,
    client TEXT NOT NULL,
    region TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    revoked_at_us BIGINT
);

CREATE TABLE refresh_token (
    token_hash TEXT NOT NULL PRIMARY KEY,
    family_id TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    used_at_us BIGINT
);
CREATE INDEX refresh_token_family ON refresh_token (family_id);

CREATE TABLE machine_client (
    client_id TEXT NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    subject TEXT NOT NULL,
    -- Ed25519, Base64 of 32 bytes
    public_key TEXT NOT NULL,
    region TEXT NOT NULL,
    updated_at_us BIGINT NOT NULL
);

-- values that may be used once: jti of client assertions, nonces of practitioners
CREATE TABLE used_nonce (
    nonce_hash TEXT NOT NULL PRIMARY KEY,
    expires_at_us BIGINT NOT NULL
);

CREATE TABLE mutual_aid (
    mutual_aid_id TEXT NOT NULL PRIMARY KEY,
    holder_person_id TEXT NOT NULL,
    beneficiary_person_id TEXT NOT NULL,
    relation TEXT NOT NULL,
    region TEXT NOT NULL,
    state INTEGER NOT NULL,
    filed_at_us BIGINT NOT NULL,
    begin_date TEXT,
    end_date TEXT
);
CREATE INDEX mutual_aid_holder ON mutual_aid (holder_person_id);
CREATE INDEX mutual_aid_beneficiary ON mutual_aid (beneficiary_person_id);
-- one living filing for a pair in a region
CREATE UNIQUE INDEX mutual_aid_pair ON mutual_aid (holder_person_id, beneficiary_person_id, region) WHERE state IN (1, 2);

CREATE TABLE insurance_code (
    code_hash TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    used_at_us BIGINT
);

-- proofs of presence handed to a counter
CREATE TABLE presence (
    token_hash TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL,
    institution TEXT NOT NULL,
    business_type TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    used_at_us BIGINT
);

CREATE TABLE throttle (
    subject TEXT NOT NULL PRIMARY KEY,
    started_at_us BIGINT NOT NULL,
    hits INTEGER NOT NULL
);

CREATE TABLE access_record (
    record_id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL,
    reader TEXT NOT NULL,
    purpose TEXT NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX access_record_person ON access_record (person_id, record_id);

CREATE TABLE institution (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    level TEXT NOT NULL,
    admdvs TEXT NOT NULL,
    region TEXT NOT NULL,
    chain TEXT NOT NULL,
    -- ",otc_online,stock_link,": a comma on both sides of every word
    capabilities TEXT NOT NULL,
    lat_e6 INTEGER NOT NULL,
    lng_e6 INTEGER NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX institution_region ON institution (region, code);

CREATE TABLE agreement_event (
    institution TEXT NOT NULL,
    effective_date TEXT NOT NULL,
    change TEXT NOT NULL,
    notice TEXT NOT NULL,
    PRIMARY KEY (institution, effective_date)
);

CREATE TABLE practitioner (
    code TEXT NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    name_sealed TEXT NOT NULL,
    -- empty for couriers
    institution TEXT NOT NULL,
    title_code TEXT NOT NULL,
    dept TEXT NOT NULL,
    signing_key TEXT NOT NULL,
    active BOOLEAN NOT NULL
);
CREATE INDEX practitioner_institution ON practitioner (institution, code);
