-- Payments that came in a channel's own format: who the merchant is and where notices go.
CREATE TABLE channel_wire (
    channel_order_no TEXT NOT NULL PRIMARY KEY,
    merchant TEXT NOT NULL,
    app TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    created_at_us BIGINT NOT NULL
);
