-- An entry about the work on one device belongs to a brand as it does to a centre; one of the security log tells from where it came.
ALTER TABLE journal ADD COLUMN brand_id BIGINT;
ALTER TABLE journal ADD COLUMN address TEXT;
CREATE INDEX journal_kind_id_idx ON journal (kind, id);
