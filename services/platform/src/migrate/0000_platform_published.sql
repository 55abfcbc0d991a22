-- What was published stays for a while, with the epoch of the bus that has it: a bus that lost its memory gets it again.
ALTER TABLE outbox ADD COLUMN published_at_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN published_epoch TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_waiting ON outbox (id) WHERE published_at_us = 0;
CREATE INDEX outbox_published ON outbox (published_epoch, published_at_us) WHERE published_at_us > 0;
