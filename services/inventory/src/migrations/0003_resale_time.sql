-- How many there were of late is asked by the operator's measures.
CREATE INDEX resale_attempt_at ON resale_attempt (at_us);
