-- What was paid of claims before payments had rows of their own.
INSERT INTO claim_payment (claim_id, payment_no, amount_fen, bank_reference, at_us)
SELECT claim_id, 1, paid_fen, bank_reference, created_at_us FROM claim WHERE state = 'paid';
