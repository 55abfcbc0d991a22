-- Data keys that sealed something here, so that one that is still needed is missed at the start and not at a row. Version 0 is
-- the key of the indexes. proof: a known text sealed (or indexed) with the key; empty for a key that was never at hand.
CREATE TABLE data_key (
  version BIGINT NOT NULL PRIMARY KEY,
  proof TEXT NOT NULL,
  -- when somebody last sealed with it or a row of it was met
  used_at_us BIGINT NOT NULL,
  -- 0 while rows may need it
  unused_since_us BIGINT NOT NULL
);
-- Where the walk over the sealed columns stands; one row.
CREATE TABLE reseal_walk (
  name TEXT NOT NULL PRIMARY KEY,
  began_at_us BIGINT NOT NULL,
  -- empty between two walks
  table_name TEXT NOT NULL,
  position TEXT NOT NULL,
  leased_until_us BIGINT NOT NULL
);
INSERT INTO reseal_walk (name, began_at_us, table_name, position, leased_until_us) VALUES ('reseal', 0, '', '', 0);
