-- scope: SHA-256 over caller, method and key; reply is sealed and empty while the claiming transaction runs
CREATE TABLE idempotency (
  scope TEXT NOT NULL PRIMARY KEY,
  request_hash TEXT NOT NULL,
  reply TEXT NOT NULL,
  created_at_us BIGINT NOT NULL
);
CREATE INDEX idempotency_created ON idempotency (created_at_us);
CREATE TABLE outbox (
  id TEXT NOT NULL PRIMARY KEY,
  topic TEXT NOT NULL,
  key TEXT NOT NULL,
  payload BYTEA NOT NULL,
  traceparent TEXT NOT NULL,
  created_at_us BIGINT NOT NULL,
  leased_until_us BIGINT NOT NULL,
  attempts BIGINT NOT NULL
);
CREATE TABLE inbox (
  consumer TEXT NOT NULL,
  event_id TEXT NOT NULL,
  at_us BIGINT NOT NULL,
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_at ON inbox (at_us);
