-- Locks that are over are swept away by their time.
CREATE INDEX verification_lock_until ON verification_lock (locked_until_us);
