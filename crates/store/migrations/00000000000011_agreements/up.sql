-- Who agreed to more than the estimate that was answered (none: without any), how and why.
CREATE TABLE agreements (
    id {id},
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    estimate_id BIGINT REFERENCES estimates (id),
    noted_at TIMESTAMP NOT NULL,
    noted_by BIGINT,
    who TEXT,
    how TEXT NOT NULL,
    reason TEXT NOT NULL,
    total_minor BIGINT NOT NULL
);
CREATE INDEX agreements_estimate_id_id_idx ON agreements (estimate_id, id);
CREATE INDEX agreements_repair_id_idx ON agreements (repair_id);
