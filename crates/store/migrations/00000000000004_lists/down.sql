DROP INDEX repairs_step_id_idx;
DROP INDEX repairs_is_open_promised_on_idx;
DROP INDEX repairs_occurred_on_idx;
