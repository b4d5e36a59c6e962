-- A published chart never changes: by its public id it is known again without its text.
ALTER TABLE workflow_charts ADD COLUMN public_id TEXT NOT NULL DEFAULT '';
UPDATE workflow_charts SET public_id = {random};
CREATE UNIQUE INDEX workflow_charts_public_id_key ON workflow_charts (public_id);
-- A yes is that of the customer who gave it.
ALTER TABLE agreements ADD COLUMN customer_id BIGINT;
UPDATE agreements SET customer_id = (SELECT customer_id FROM repairs WHERE repairs.id = agreements.repair_id);
-- What stands in the journal about the work on one brand's devices is of that brand, also from before it was written down.
UPDATE journal SET brand_id = (
    SELECT min(r.brand_id) FROM journal_subjects s JOIN repairs r ON r.id = s.subject_id WHERE s.journal_id = journal.id AND s.subject_kind = 'repair'
) WHERE brand_id IS NULL AND (
    SELECT count(DISTINCT r.brand_id) FROM journal_subjects s JOIN repairs r ON r.id = s.subject_id WHERE s.journal_id = journal.id AND s.subject_kind = 'repair'
) = 1;
