ALTER TABLE sessions DROP COLUMN awaits_code;
ALTER TABLE users DROP COLUMN totp_step;
ALTER TABLE users DROP COLUMN totp_sealed;
