DROP INDEX repairs_centre_id_is_open_occurred_on_id_idx;
DROP INDEX repairs_occurred_on_id_idx;
DROP INDEX repairs_step_occurred_on_id_idx;
CREATE INDEX repairs_centre_id_is_open_id_idx ON repairs (centre_id, is_open, id);
CREATE INDEX repairs_occurred_on_idx ON repairs (occurred_on);
CREATE INDEX repairs_step_id_idx ON repairs (step, id);
