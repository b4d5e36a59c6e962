ALTER TABLE imports DROP COLUMN report_json;
ALTER TABLE imports ADD COLUMN is_whole BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE import_problems (
    import_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    position BIGINT NOT NULL,
    heading TEXT NOT NULL,
    cell TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (import_id, row_number, position)
);
