DROP INDEX repairs_is_open_promised_on_id_idx;
CREATE INDEX repairs_is_open_promised_on_idx ON repairs (is_open, promised_on);
