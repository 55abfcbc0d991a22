-- The sweeper looks by expiry every half minute.
CREATE INDEX insurance_code_expiry ON insurance_code (expires_at_us);
CREATE INDEX presence_expiry ON presence (expires_at_us);
CREATE INDEX used_nonce_expiry ON used_nonce (expires_at_us);
CREATE INDEX token_family_expiry ON token_family (expires_at_us);
CREATE INDEX throttle_start ON throttle (started_at_us);
CREATE INDEX mutual_aid_filed ON mutual_aid (state, filed_at_us);
