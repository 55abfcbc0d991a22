-- Notices to hospitals (7108, 7109): written with the change they tell of, sent by a worker in the order of a prescription's
-- versions. What a notice says is sealed, and gone once it was taken. States: 1 due, 2 taken, 3 refused, 4 given up.
CREATE TABLE notice (
    notice_id TEXT PRIMARY KEY,
    hospital TEXT NOT NULL,
    hi_rxno TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    kind INTEGER NOT NULL,
    content_sealed TEXT NOT NULL,
    -- what it says is complete and the same from now on
    complete BOOLEAN NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_at_us BIGINT NOT NULL,
    give_up_at_us BIGINT NOT NULL,
    words_sealed TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    ended_at_us BIGINT NOT NULL
);
CREATE INDEX notice_due ON notice (hospital, state, next_at_us);
CREATE INDEX notice_order ON notice (hi_rxno, state, sequence);
CREATE INDEX notice_ended ON notice (state, ended_at_us);
CREATE INDEX notice_give_up ON notice (state, give_up_at_us);
CREATE INDEX notice_open ON notice (hospital, created_at_us, notice_id) WHERE state <> 2;

-- Who sends to a hospital now, and until when a silent one is left alone.
CREATE TABLE notice_turn (
    hospital TEXT PRIMARY KEY,
    leased_until_us BIGINT NOT NULL,
    paused_until_us BIGINT NOT NULL,
    silences INTEGER NOT NULL
);

-- What was paid for an order, as the settlement told it; forgotten long after its goods were handed out.
CREATE TABLE paid_order (
    order_id TEXT PRIMARY KEY,
    setl_id TEXT NOT NULL,
    fund_fen BIGINT NOT NULL,
    account_fen BIGINT NOT NULL,
    relatives_fen BIGINT NOT NULL,
    cash_fen BIGINT NOT NULL,
    paid_at_us BIGINT NOT NULL,
    noted_at_us BIGINT NOT NULL
);
CREATE INDEX paid_order_age ON paid_order (noted_at_us);

-- The second reviewer of a pharmacy (rchk_*).
ALTER TABLE prescription ADD COLUMN second_pharmacist TEXT NOT NULL DEFAULT '';

-- A pharmacy reads what it handed out; the pharmacy's own batch is on record where it names one.
ALTER TABLE hand_out ADD COLUMN batch TEXT NOT NULL DEFAULT '';
CREATE INDEX hand_out_pharmacy ON hand_out (pharmacy, at_us, hand_out_id);
