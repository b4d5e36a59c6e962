-- The newest repair is the one that was received last, not the one that was written last: a past that is imported takes its place among its own days.
DROP INDEX repairs_step_id_idx;
DROP INDEX repairs_occurred_on_idx;
DROP INDEX repairs_centre_id_is_open_id_idx;
CREATE INDEX repairs_step_occurred_on_id_idx ON repairs (step, occurred_on, id);
CREATE INDEX repairs_occurred_on_id_idx ON repairs (occurred_on, id);
CREATE INDEX repairs_centre_id_is_open_occurred_on_id_idx ON repairs (centre_id, is_open, occurred_on, id);
