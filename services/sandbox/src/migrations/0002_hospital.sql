-- What hospitals' systems were told: one row a notice, however often it came. No name and no opinion is kept.
CREATE TABLE hospital_notice (
    notice_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    hi_rxno TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    reversed BOOLEAN NOT NULL,
    lots INTEGER NOT NULL,
    paid_fen BIGINT NOT NULL,
    taken BOOLEAN NOT NULL,
    times INTEGER NOT NULL,
    first_at_us BIGINT NOT NULL
);
CREATE INDEX hospital_notice_order ON hospital_notice (hi_rxno, first_at_us);
