-- What is done beside the pages waits in one queue, in the order of its haste; what failed too often is parked in it.
CREATE TABLE jobs (
    id {id},
    public_id TEXT NOT NULL,
    job TEXT NOT NULL,
    key TEXT NOT NULL,
    priority BIGINT NOT NULL,
    due_at TIMESTAMP NOT NULL,
    attempts BIGINT NOT NULL,
    claim BIGINT NOT NULL,
    error TEXT,
    parked_at TIMESTAMP,
    queued_at TIMESTAMP NOT NULL,
    CONSTRAINT jobs_public_id_key UNIQUE (public_id),
    CONSTRAINT jobs_job_key_key UNIQUE (job, key)
);
CREATE INDEX jobs_priority_due_at_id_idx ON jobs (priority, due_at, id);
INSERT INTO jobs (public_id, job, key, priority, due_at, attempts, claim, queued_at)
SELECT {random}, 'papers', CAST(id AS TEXT), 50, recorded_at, 0, 0, recorded_at FROM journal WHERE id IN (SELECT journal_id FROM outbox);
INSERT INTO jobs (public_id, job, key, priority, due_at, attempts, claim, queued_at)
SELECT {random}, 'import', public_id, 10, created_at, 0, 0, created_at FROM imports WHERE state IN ('queued', 'running');
DROP TABLE outbox;
DELETE FROM settings WHERE name = 'swept_on';
