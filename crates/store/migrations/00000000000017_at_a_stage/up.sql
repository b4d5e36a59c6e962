-- What stands at a stage that few are at is found as fast as what is common.
CREATE INDEX repairs_stage_is_open_occurred_on_id_idx ON repairs (stage, is_open, occurred_on, id);
