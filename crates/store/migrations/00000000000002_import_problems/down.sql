DROP TABLE import_problems;
ALTER TABLE imports DROP COLUMN is_whole;
ALTER TABLE imports ADD COLUMN report_json TEXT NOT NULL DEFAULT '[]';
