-- The worker that forgets contacts looks for what is old and still has one.
CREATE INDEX delivery_contact ON delivery (region, created_at_us) WHERE contact_sealed <> '';
