-- What settlement asked of a channel, written before the channel is asked. `request_sealed` is the body that was sent, and is
-- sent again until somebody says that it landed: the same number never goes out with another body.
CREATE TABLE channel_order (
    channel_order_no TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    scene TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    freight_fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    channel_trade_no TEXT NOT NULL,
    request_sealed TEXT NOT NULL,
    pay_params_sealed TEXT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL
);

-- Refunds, written before they are asked for.
CREATE TABLE channel_refund (
    refund_no TEXT NOT NULL PRIMARY KEY,
    channel_order_no TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at_us BIGINT NOT NULL
);
CREATE INDEX channel_refund_by_order ON channel_refund (channel_order_no);

-- What a channel told by itself: verified, opened, on its way to settlement.
CREATE TABLE notice (
    row_id TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    notice_id TEXT NOT NULL,
    channel_order_no TEXT NOT NULL,
    body_sealed TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at_us BIGINT NOT NULL,
    taken_at_us BIGINT NOT NULL,
    UNIQUE (channel, notice_id)
);
CREATE INDEX notice_due ON notice (state, next_at_us);
