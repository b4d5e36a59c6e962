-- What a list is narrowed by, so that a rare step or a day long past is found as fast in a large store as in a small one.
CREATE INDEX repairs_step_id_idx ON repairs (step, id);
CREATE INDEX repairs_is_open_promised_on_idx ON repairs (is_open, promised_on);
CREATE INDEX repairs_occurred_on_idx ON repairs (occurred_on);
