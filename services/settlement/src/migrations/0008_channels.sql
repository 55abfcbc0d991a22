-- Who pays the cash part at a channel, and what their app hands to it; both sealed, and gone with the payment's end.
CREATE TABLE channel_payer (
    payment_id TEXT NOT NULL PRIMARY KEY,
    payer_sealed TEXT NOT NULL,
    pay_params_sealed TEXT NOT NULL
);

-- Payments that ended without cash although a channel was asked for it: the channel is asked once more later on, as a notice of
-- late cash may be lost.
CREATE TABLE late_look (
    payment_id TEXT NOT NULL PRIMARY KEY,
    looks INTEGER NOT NULL,
    look_at_us BIGINT NOT NULL
);
CREATE INDEX late_look_due ON late_look (look_at_us);
