-- Closes the numbering of changes of the whole installation: from now on every institution's feed counts on by itself.
-- Run once in prescription's database, when no replica of the version before runs any more; changes under way end first.
UPDATE counter SET name = 'change-closed' WHERE name = 'change';
