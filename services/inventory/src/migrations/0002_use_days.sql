-- The day on which the supply of a line is used up (yyyy-MM-dd): its packs may not expire before. Empty: no demand.
ALTER TABLE reservation_line ADD COLUMN used_up TEXT NOT NULL DEFAULT '';
