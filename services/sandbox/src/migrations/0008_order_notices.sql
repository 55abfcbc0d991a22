-- When an order of the mobile-payment centre that is under way is paid, and then when its merchant is told of it (6302); 0: neither.
-- How often it was worked on.
ALTER TABLE mobile_order ADD COLUMN work_at_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mobile_order ADD COLUMN turns BIGINT NOT NULL DEFAULT 0;
CREATE INDEX mobile_order_work ON mobile_order (work_at_us) WHERE work_at_us > 0;
