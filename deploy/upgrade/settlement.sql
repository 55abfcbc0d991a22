-- Closes the ledger's chain of the whole installation: from now on every region has its own, which begins at its end.
-- Run once in settlement's database, when no replica of the version before runs any more; bookings under way end first.
UPDATE ledger_head SET id = 0 WHERE id = 1;
