-- Orders of the mobile-payment centre. What one pays stands in insurer_settlement under the merchant's number.
CREATE TABLE mobile_order (
    med_org_ord TEXT NOT NULL PRIMARY KEY,
    pay_ord_id TEXT NOT NULL UNIQUE,
    pay_token TEXT NOT NULL,
    claim TEXT NOT NULL,
    person_index TEXT NOT NULL,
    ord_stas BIGINT NOT NULL,
    app_refd_sn TEXT NOT NULL
);
