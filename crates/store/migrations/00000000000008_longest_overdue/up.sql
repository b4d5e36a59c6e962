-- What is past its promised day is listed by that day: read in order, whatever else is open.
DROP INDEX repairs_is_open_promised_on_idx;
CREATE INDEX repairs_is_open_promised_on_id_idx ON repairs (is_open, promised_on, id);
