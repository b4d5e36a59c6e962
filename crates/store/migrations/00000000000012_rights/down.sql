DROP INDEX journal_kind_id_idx;
ALTER TABLE journal DROP COLUMN address;
ALTER TABLE journal DROP COLUMN brand_id;
