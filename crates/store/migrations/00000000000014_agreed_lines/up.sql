-- A yes binds the lines that were told, not others of the same sum; of those from before, the sum alone is known.
ALTER TABLE agreements ADD COLUMN lines_json TEXT;
-- Wrong codes are counted with all guesses.
ALTER TABLE hand_over_codes DROP COLUMN wrong_count;
