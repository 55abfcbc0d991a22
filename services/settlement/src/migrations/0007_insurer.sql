-- Every message to the insurer, written before it is sent; 3202 asks by msgid. `reference` is the payment, or the quote of a
-- trial (2101). No person and no amount.
CREATE TABLE insurer_message (
    msgid TEXT PRIMARY KEY,
    infno TEXT NOT NULL,
    reference TEXT NOT NULL,
    sent_at_us BIGINT NOT NULL,
    sends BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    answered_at_us BIGINT NOT NULL
);
CREATE INDEX insurer_message_by_reference ON insurer_message (reference);
CREATE INDEX insurer_message_by_time ON insurer_message (sent_at_us, msgid);
