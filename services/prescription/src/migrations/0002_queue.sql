-- A pharmacy asks for its queue all day and the worker for lapsed claims every second: neither walks over what is done.
CREATE INDEX prescription_queue ON prescription (nominee, state, used, nominated_at_us);
CREATE INDEX prescription_unreviewed ON prescription (state, review, claim_until_us);
DROP INDEX prescription_nominee;
DROP INDEX prescription_claim;
