-- A published chart never changes: by its public id it is known again without its text.
ALTER TABLE workflow_charts ADD COLUMN public_id TEXT NOT NULL DEFAULT '';
UPDATE workflow_charts SET public_id = lower(hex(randomblob(8)));
CREATE UNIQUE INDEX workflow_charts_public_id_key ON workflow_charts (public_id);
