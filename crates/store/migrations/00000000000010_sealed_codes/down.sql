DELETE FROM hand_over_codes;
ALTER TABLE hand_over_codes RENAME COLUMN code_sealed TO code_hash;
DROP INDEX messages_centre_id_id_idx;
ALTER TABLE messages DROP COLUMN centre_id;
