ALTER TABLE hand_over_codes ADD COLUMN wrong_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agreements DROP COLUMN lines_json;
