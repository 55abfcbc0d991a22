-- Couriers and their present or last shift; the position is the newest by the courier's clock.
CREATE TABLE courier (
    courier_code TEXT NOT NULL PRIMARY KEY,
    region TEXT NOT NULL,
    on_shift BOOLEAN NOT NULL,
    capacity INTEGER NOT NULL,
    cold_box BOOLEAN NOT NULL,
    lat_e6 INTEGER NOT NULL,
    lng_e6 INTEGER NOT NULL,
    position_at_us BIGINT NOT NULL,
    tracked_at_us BIGINT NOT NULL
);
CREATE INDEX courier_on_shift ON courier (region, on_shift);

-- One delivery per order. Everything personal is sealed, the door's coordinates too.
CREATE TABLE delivery (
    delivery_id TEXT NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    person_id TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    region TEXT NOT NULL,
    platform TEXT NOT NULL,
    state TEXT NOT NULL,
    courier_code TEXT NOT NULL,
    from_lat_e6 INTEGER NOT NULL,
    from_lng_e6 INTEGER NOT NULL,
    contact_sealed TEXT NOT NULL,
    cold_chain BOOLEAN NOT NULL,
    promised_at_us BIGINT NOT NULL,
    fee_fen BIGINT NOT NULL,
    failed_attempts INTEGER NOT NULL,
    hand_over_code_sealed TEXT NOT NULL,
    recipient_code_sealed TEXT NOT NULL,
    route_index INTEGER NOT NULL,
    last_sequence BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL
);
CREATE INDEX delivery_open ON delivery (region, state, promised_at_us);
CREATE INDEX delivery_of_courier ON delivery (courier_code, state);

-- The tracking, append-only.
CREATE TABLE track_point (
    delivery_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    state TEXT NOT NULL,
    has_position BOOLEAN NOT NULL,
    lat_e6 INTEGER NOT NULL,
    lng_e6 INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (delivery_id, sequence)
);

-- Guesses at the codes, counted before they are compared.
CREATE TABLE code_guess (
    delivery_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    tries BIGINT NOT NULL,
    closed_until_us BIGINT NOT NULL,
    PRIMARY KEY (delivery_id, kind)
);

-- One row per failed attempt, by the courier's clock.
CREATE TABLE failed_attempt (
    delivery_id TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    reason TEXT NOT NULL,
    courier_code TEXT NOT NULL,
    PRIMARY KEY (delivery_id, at_us)
);

-- Cold chain log, by the courier's clock.
CREATE TABLE temperature (
    delivery_id TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    tenths_celsius INTEGER NOT NULL,
    in_range BOOLEAN NOT NULL,
    courier_code TEXT NOT NULL,
    PRIMARY KEY (delivery_id, at_us)
);
