-- Catalogue: one row per national drug code, and its history.
CREATE TABLE drug (
    med_list_codg TEXT PRIMARY KEY,
    generic_name TEXT NOT NULL,
    generic_name_en TEXT NOT NULL,
    trade_name TEXT NOT NULL,
    dosage_form TEXT NOT NULL,
    strength TEXT NOT NULL,
    pack TEXT NOT NULL,
    units_per_pack BIGINT NOT NULL CHECK (units_per_pack > 0),
    billing_unit TEXT NOT NULL,
    maker TEXT NOT NULL,
    approval_no TEXT NOT NULL,
    chrgitm_lv TEXT NOT NULL,
    first_selfpay_ratio TEXT NOT NULL,
    rx_flag TEXT NOT NULL,
    otc_class TEXT NOT NULL,
    restricted BOOLEAN NOT NULL,
    negotiated BOOLEAN NOT NULL,
    controlled TEXT NOT NULL,
    storage TEXT NOT NULL,
    online_forbidden TEXT NOT NULL,
    hi_mark BOOLEAN NOT NULL,
    trace_prefix TEXT NOT NULL,
    pay_standard_micro BIGINT,
    disease_codes TEXT NOT NULL,
    substance TEXT NOT NULL,
    search_text TEXT NOT NULL
);
CREATE INDEX drug_substance ON drug (substance);
CREATE INDEX drug_name ON drug (generic_name, med_list_codg);

CREATE TABLE drug_version (
    med_list_codg TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (med_list_codg, at_us)
);

-- What institutions sell (3301), and every price they ever asked.
CREATE TABLE listing (
    fixmedins_code TEXT NOT NULL,
    med_list_codg TEXT NOT NULL,
    fixmedins_hilist_id TEXT NOT NULL,
    price_micro BIGINT NOT NULL CHECK (price_micro > 0),
    online BOOLEAN NOT NULL,
    otc_pack BOOLEAN NOT NULL,
    updated_at_us BIGINT NOT NULL,
    PRIMARY KEY (fixmedins_code, med_list_codg)
);
CREATE INDEX listing_drug ON listing (med_list_codg, fixmedins_code);

CREATE TABLE listing_price (
    fixmedins_code TEXT NOT NULL,
    med_list_codg TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    price_micro BIGINT NOT NULL,
    PRIMARY KEY (fixmedins_code, med_list_codg, at_us)
);

-- Stock by lot. The checks are the last guard: no statement of the service relies on them.
CREATE TABLE lot (
    lot_id TEXT PRIMARY KEY,
    fixmedins_code TEXT NOT NULL,
    med_list_codg TEXT NOT NULL,
    manu_lotnum TEXT NOT NULL,
    origin TEXT NOT NULL,
    manu_date TEXT NOT NULL,
    expy_end TEXT NOT NULL,
    on_hand_e4 BIGINT NOT NULL CHECK (on_hand_e4 >= 0),
    reserved_e4 BIGINT NOT NULL CHECK (reserved_e4 >= 0),
    state TEXT NOT NULL,
    state_reason TEXT NOT NULL,
    UNIQUE (fixmedins_code, med_list_codg, manu_lotnum, origin),
    CHECK (reserved_e4 <= on_hand_e4)
);
CREATE INDEX lot_drug ON lot (med_list_codg, fixmedins_code);

-- The ledger: rows are added and never changed.
CREATE TABLE movement (
    movement_id TEXT PRIMARY KEY,
    fixmedins_code TEXT NOT NULL,
    fixmedins_bchno TEXT NOT NULL,
    kind INTEGER NOT NULL,
    med_list_codg TEXT NOT NULL,
    lot_id TEXT NOT NULL,
    manu_lotnum TEXT NOT NULL,
    quantity_e4 BIGINT NOT NULL,
    price_micro BIGINT,
    at_us BIGINT NOT NULL,
    supplier TEXT NOT NULL,
    order_id TEXT NOT NULL,
    line_no INTEGER NOT NULL,
    setl_id TEXT NOT NULL,
    hi_rxno TEXT NOT NULL,
    mdtrt_setl_type TEXT NOT NULL,
    pharmacist_code TEXT NOT NULL,
    UNIQUE (fixmedins_code, fixmedins_bchno)
);
CREATE INDEX movement_time ON movement (fixmedins_code, at_us, movement_id);
CREATE INDEX movement_order ON movement (order_id);

CREATE TABLE movement_code (
    movement_id TEXT NOT NULL,
    drug_trac_codg TEXT NOT NULL,
    PRIMARY KEY (movement_id, drug_trac_codg)
);
CREATE INDEX movement_code_code ON movement_code (drug_trac_codg);

-- One row per pack with a code, across all institutions.
CREATE TABLE trace_code (
    drug_trac_codg TEXT PRIMARY KEY,
    med_list_codg TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    lot_id TEXT NOT NULL,
    state TEXT NOT NULL,
    order_id TEXT NOT NULL,
    gone_by INTEGER NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX trace_code_lot ON trace_code (lot_id);

-- Second sales that were refused: told once per code and order.
CREATE TABLE resale_attempt (
    drug_trac_codg TEXT NOT NULL,
    order_id TEXT NOT NULL,
    at_us BIGINT NOT NULL,
    PRIMARY KEY (drug_trac_codg, order_id)
);

CREATE TABLE reservation (
    reservation_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    fixmedins_code TEXT NOT NULL,
    state INTEGER NOT NULL,
    expires_at_us BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX reservation_due ON reservation (state, expires_at_us);

CREATE TABLE reservation_line (
    reservation_id TEXT NOT NULL,
    line_no INTEGER NOT NULL,
    med_list_codg TEXT NOT NULL,
    quantity_e4 BIGINT NOT NULL,
    price_micro BIGINT NOT NULL,
    PRIMARY KEY (reservation_id, line_no)
);

CREATE TABLE reservation_pick (
    reservation_id TEXT NOT NULL,
    line_no INTEGER NOT NULL,
    lot_id TEXT NOT NULL,
    quantity_e4 BIGINT NOT NULL CHECK (quantity_e4 >= 0),
    PRIMARY KEY (reservation_id, line_no, lot_id)
);
CREATE INDEX reservation_pick_lot ON reservation_pick (lot_id);

-- One row per institution: whoever moves reservations of others between lots raises its version first.
CREATE TABLE dispensing_desk (
    fixmedins_code TEXT PRIMARY KEY,
    version BIGINT NOT NULL
);
