-- Whether a payment's insured part goes through the mobile-payment centre, and how its first order stands after partial returns
-- (ORD_STAS; 0: nothing came back).
ALTER TABLE payment ADD COLUMN mobile BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment ADD COLUMN returned_stas BIGINT NOT NULL DEFAULT 0;

-- Orders at that centre by our number (the message id), noted before 6201 goes. The centre's number is empty, and ord_stas null,
-- until it has told them; token and authorisation are sealed.
CREATE TABLE mobile_order (
    med_org_ord TEXT NOT NULL PRIMARY KEY,
    payment_id TEXT NOT NULL,
    pay_ord_id TEXT NOT NULL,
    secret_sealed TEXT NOT NULL,
    ord_stas BIGINT,
    made_at_us BIGINT NOT NULL,
    told_at_us BIGINT NOT NULL
);
CREATE INDEX mobile_order_payment ON mobile_order (payment_id);
CREATE INDEX mobile_order_number ON mobile_order (pay_ord_id);
