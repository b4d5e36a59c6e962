-- A message knows where it was sent from. What bears a code is stored sealed; codes that stood here in clear are over.
ALTER TABLE messages ADD COLUMN centre_id BIGINT;
CREATE INDEX messages_centre_id_id_idx ON messages (centre_id, id);
UPDATE messages SET body = '•••••' WHERE purpose = 'hand_over_code';
DELETE FROM hand_over_codes;
ALTER TABLE hand_over_codes RENAME COLUMN code_hash TO code_sealed;
