-- Transfers that are booked together or not at all carry the name and the size of their set.
ALTER TABLE ledger_transfer ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger_transfer ADD COLUMN link_size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE region_transfer ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE region_transfer ADD COLUMN link_size BIGINT NOT NULL DEFAULT 0;

DROP VIEW book_transfer;
CREATE VIEW book_transfer AS
    SELECT '' AS region, sequence, transfer_id, kind, reference, at_us, hash, link, link_size FROM ledger_transfer
    UNION ALL
    SELECT region, sequence, transfer_id, kind, reference, at_us, hash, link, link_size FROM region_transfer;
