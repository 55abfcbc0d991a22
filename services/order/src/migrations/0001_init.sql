-- Orders. quote, door, collection_code, hand_over_code and return_note are sealed; person_id is opaque.
CREATE TABLE purchase_order (
    order_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    person_id TEXT NOT NULL,
    platform TEXT NOT NULL,
    region TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    hi_rxno TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    fulfilment TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    story_count BIGINT NOT NULL,
    step_count BIGINT NOT NULL,
    pay_by_us BIGINT NOT NULL,
    use_account BOOLEAN NOT NULL,
    holders TEXT NOT NULL,
    quote TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    setl_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    delivery_fee_fen BIGINT NOT NULL,
    packing_fee_fen BIGINT NOT NULL,
    cold_chain BOOLEAN NOT NULL,
    door TEXT NOT NULL,
    collection_code TEXT NOT NULL,
    hand_over_code TEXT NOT NULL,
    wrong_codes INTEGER NOT NULL,
    locked_until_us BIGINT NOT NULL,
    sold TEXT NOT NULL,
    recorded BOOLEAN NOT NULL,
    before_state TEXT NOT NULL,
    doomed TEXT NOT NULL,
    cancel_reason TEXT NOT NULL,
    return_note TEXT NOT NULL,
    created_at_us BIGINT NOT NULL
);
CREATE INDEX purchase_order_person ON purchase_order (person_id, created_at_us);
CREATE INDEX purchase_order_institution ON purchase_order (fixmedins_code, created_at_us);
CREATE INDEX purchase_order_platform ON purchase_order (platform, created_at_us);
CREATE INDEX purchase_order_prescription ON purchase_order (hi_rxno);
CREATE INDEX purchase_order_visit ON purchase_order (visit_id);
-- for the worker that closes unpaid orders
CREATE INDEX purchase_order_state ON purchase_order (state, pay_by_us);

CREATE TABLE order_line (
    order_id TEXT NOT NULL,
    line_no INTEGER NOT NULL,
    med_list_codg TEXT NOT NULL,
    name TEXT NOT NULL,
    quantity_e4 BIGINT NOT NULL,
    price_micro BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL,
    hi_mark BOOLEAN NOT NULL,
    chrgitm_lv TEXT NOT NULL,
    first_selfpay TEXT NOT NULL,
    pay_standard_micro BIGINT NOT NULL,
    restricted BOOLEAN NOT NULL,
    hosp_appr_flag TEXT NOT NULL,
    PRIMARY KEY (order_id, line_no)
);

-- The story: append-only.
CREATE TABLE story (
    order_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (order_id, sequence)
);

-- The saga's journal: state is open, done, refused or dropped; argument is sealed and emptied when the step is over.
CREATE TABLE journal (
    order_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL,
    compensation BOOLEAN NOT NULL,
    attempts INTEGER NOT NULL,
    next_at_us BIGINT NOT NULL,
    operation TEXT NOT NULL,
    argument TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
);
CREATE INDEX journal_due ON journal (state, next_at_us);
