-- Slots of doctors; vacancies are taken by a guarded update, never below zero.
CREATE TABLE slot (
    hospital TEXT NOT NULL,
    slot_id TEXT NOT NULL,
    department TEXT NOT NULL,
    doctor TEXT NOT NULL,
    doctor_name TEXT NOT NULL,
    starts_at_us BIGINT NOT NULL,
    ends_at_us BIGINT NOT NULL,
    capacity INTEGER NOT NULL,
    available INTEGER NOT NULL CHECK (available >= 0 AND available <= capacity),
    PRIMARY KEY (hospital, slot_id)
);
CREATE INDEX slot_time ON slot (hospital, starts_at_us);

-- Visits; condition and record are sealed.
CREATE TABLE visit (
    visit_id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL,
    hospital TEXT NOT NULL,
    department TEXT NOT NULL,
    doctor TEXT NOT NULL,
    slot_id TEXT NOT NULL,
    starts_at_us BIGINT NOT NULL,
    state INTEGER NOT NULL,
    fee_fen BIGINT NOT NULL,
    pay_by_us BIGINT NOT NULL,
    disease TEXT NOT NULL,
    first_rx_ref TEXT NOT NULL,
    condition_sealed TEXT NOT NULL,
    record_sealed TEXT NOT NULL,
    diagnosis TEXT NOT NULL,
    order_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL
);
CREATE INDEX visit_person ON visit (person_id, created_at_us);
CREATE INDEX visit_doctor ON visit (hospital, doctor, state, starts_at_us);
-- one open visit of a person in a slot: booked, paid or taken
CREATE UNIQUE INDEX visit_open ON visit (person_id, hospital, slot_id) WHERE state IN (1, 2, 3);
CREATE INDEX visit_due ON visit (state, pay_by_us);

-- Prescriptions; findings, opinions, reasons and the signed document are sealed. Empty text means nobody or not yet.
CREATE TABLE prescription (
    hi_rxno TEXT PRIMARY KEY,
    trace_code TEXT NOT NULL UNIQUE,
    hosp_rxno TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    hospital TEXT NOT NULL,
    doctor TEXT NOT NULL,
    disease TEXT NOT NULL,
    diagnosis TEXT NOT NULL,
    long_rx BOOLEAN NOT NULL,
    renews TEXT NOT NULL,
    issued_at_us BIGINT NOT NULL,
    valid_until_us BIGINT NOT NULL,
    findings_sealed TEXT NOT NULL,
    state INTEGER NOT NULL,
    review INTEGER NOT NULL,
    used INTEGER NOT NULL,
    nominee TEXT NOT NULL,
    holder TEXT NOT NULL,
    order_id TEXT NOT NULL,
    nominated_at_us BIGINT NOT NULL,
    claim_until_us BIGINT NOT NULL,
    token_hash TEXT NOT NULL,
    token_sealed TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    hospital_pharmacist TEXT NOT NULL,
    hospital_opinion_sealed TEXT NOT NULL,
    pharmacy_pharmacist TEXT NOT NULL,
    review_opinion_sealed TEXT NOT NULL,
    end_reason_sealed TEXT NOT NULL,
    document_sealed TEXT NOT NULL,
    doctor_signature TEXT NOT NULL,
    pharmacist_signature TEXT NOT NULL,
    doctor_key TEXT NOT NULL,
    pharmacist_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    UNIQUE (hospital, hosp_rxno)
);
CREATE INDEX prescription_person ON prescription (person_id, created_at_us);
CREATE INDEX prescription_nominee ON prescription (nominee, nominated_at_us);
CREATE INDEX prescription_token ON prescription (token_hash);
CREATE INDEX prescription_claim ON prescription (claim_until_us);
CREATE INDEX prescription_due ON prescription (state, valid_until_us);

CREATE TABLE rx_line (
    hi_rxno TEXT NOT NULL REFERENCES prescription (hi_rxno),
    line_no INTEGER NOT NULL,
    drug TEXT NOT NULL,
    generic_name TEXT NOT NULL,
    dosage_form TEXT NOT NULL,
    strength TEXT NOT NULL,
    maker TEXT NOT NULL,
    route TEXT NOT NULL,
    dose_e4 BIGINT NOT NULL,
    dose_unit TEXT NOT NULL,
    frequency TEXT NOT NULL,
    days_e4 BIGINT NOT NULL,
    quantity_e4 BIGINT NOT NULL,
    billing_unit TEXT NOT NULL,
    price_micro BIGINT NOT NULL,
    approval TEXT NOT NULL,
    dispensed_e4 BIGINT NOT NULL CHECK (dispensed_e4 >= 0 AND dispensed_e4 <= quantity_e4),
    PRIMARY KEY (hi_rxno, line_no)
);

-- What was handed out, by order; a reversal marks the rows and never deletes them.
CREATE TABLE hand_out (
    hand_out_id TEXT PRIMARY KEY,
    hi_rxno TEXT NOT NULL,
    order_id TEXT NOT NULL,
    pharmacy TEXT NOT NULL,
    line_no INTEGER NOT NULL,
    quantity_e4 BIGINT NOT NULL,
    drug TEXT NOT NULL,
    lot TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    reversed_at_us BIGINT NOT NULL
);
CREATE INDEX hand_out_order ON hand_out (hi_rxno, order_id);

-- The feed of changes. The sequence comes from the counter row, updated in the same transaction: readers never see a
-- number whose smaller neighbour commits later.
CREATE TABLE change (
    sequence BIGINT PRIMARY KEY,
    hi_rxno TEXT NOT NULL,
    hospital TEXT NOT NULL,
    pharmacy TEXT NOT NULL,
    state INTEGER NOT NULL,
    review INTEGER NOT NULL,
    used INTEGER NOT NULL,
    at_us BIGINT NOT NULL
);
CREATE INDEX change_hospital ON change (hospital, sequence);
CREATE INDEX change_pharmacy ON change (pharmacy, sequence);

CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('change', 0);
