-- Jobs given to the outside courier company: asking, open, refused, ended.
CREATE TABLE outside_job (
    delivery_id TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    job_no TEXT NOT NULL,
    next_at_us BIGINT NOT NULL
);
CREATE INDEX outside_job_due ON outside_job (state, next_at_us);
