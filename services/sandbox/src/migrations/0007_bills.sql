-- When a payer paid, and for whose goods: what a channel's statement of a day is made of.
ALTER TABLE channel_payment ADD COLUMN paid_at_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE channel_payment ADD COLUMN fixmedins_code TEXT NOT NULL DEFAULT '';
UPDATE channel_payment SET paid_at_us = created_at_us WHERE state IN ('paid', 'refunded');
CREATE INDEX channel_payment_paid ON channel_payment (channel, paid_at_us);
CREATE INDEX channel_refund_made ON channel_refund (created_at_us);
