-- What was found belongs together: of a repair, and of a line that stands apart from it.
CREATE TABLE diagnoses (
    repair_id BIGINT NOT NULL REFERENCES repairs (id),
    fault_id BIGINT,
    cause_id BIGINT,
    component_id BIGINT,
    finding TEXT,
    diagnosed_at TIMESTAMP,
    PRIMARY KEY (repair_id)
);
INSERT INTO diagnoses (repair_id, fault_id, cause_id, component_id, finding, diagnosed_at)
SELECT id, fault_id, cause_id, component_id, finding, diagnosed_at FROM repairs WHERE diagnosed_at IS NOT NULL OR finding IS NOT NULL;
CREATE INDEX diagnoses_fault_id_repair_id_idx ON diagnoses (fault_id, repair_id);
ALTER TABLE repairs DROP COLUMN fault_id;
ALTER TABLE repairs DROP COLUMN cause_id;
ALTER TABLE repairs DROP COLUMN component_id;
ALTER TABLE repairs DROP COLUMN finding;
ALTER TABLE repairs DROP COLUMN diagnosed_at;
CREATE TABLE line_diagnoses (
    work_line_id BIGINT NOT NULL REFERENCES work_lines (id),
    component_id BIGINT,
    fault_id BIGINT,
    cause_id BIGINT,
    PRIMARY KEY (work_line_id)
);
INSERT INTO line_diagnoses (work_line_id, component_id, fault_id, cause_id)
SELECT id, component_id, fault_id, cause_id FROM work_lines WHERE component_id IS NOT NULL OR fault_id IS NOT NULL OR cause_id IS NOT NULL;
ALTER TABLE work_lines DROP COLUMN component_id;
ALTER TABLE work_lines DROP COLUMN has_own_fault;
ALTER TABLE work_lines DROP COLUMN fault_id;
ALTER TABLE work_lines DROP COLUMN has_own_cause;
ALTER TABLE work_lines DROP COLUMN cause_id;
