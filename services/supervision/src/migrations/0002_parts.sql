-- Parts of a payment that went back before, if ever, the whole did; by the day in China. A refund then takes off what is left.
CREATE TABLE part_refund (
    refund_id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    day TEXT NOT NULL,
    fund_fen BIGINT NOT NULL,
    account_fen BIGINT NOT NULL,
    relative_fen BIGINT NOT NULL,
    cash_fen BIGINT NOT NULL
);
CREATE INDEX part_refund_by_day ON part_refund (day);
CREATE INDEX part_refund_by_payment ON part_refund (payment_id);
