ALTER TABLE repairs ADD COLUMN fault_id BIGINT;
ALTER TABLE repairs ADD COLUMN cause_id BIGINT;
ALTER TABLE repairs ADD COLUMN component_id BIGINT;
ALTER TABLE repairs ADD COLUMN finding TEXT;
ALTER TABLE repairs ADD COLUMN diagnosed_at TIMESTAMP;
UPDATE repairs SET
    fault_id = (SELECT d.fault_id FROM diagnoses d WHERE d.repair_id = repairs.id),
    cause_id = (SELECT d.cause_id FROM diagnoses d WHERE d.repair_id = repairs.id),
    component_id = (SELECT d.component_id FROM diagnoses d WHERE d.repair_id = repairs.id),
    finding = (SELECT d.finding FROM diagnoses d WHERE d.repair_id = repairs.id),
    diagnosed_at = (SELECT d.diagnosed_at FROM diagnoses d WHERE d.repair_id = repairs.id);
DROP TABLE diagnoses;
ALTER TABLE work_lines ADD COLUMN component_id BIGINT;
ALTER TABLE work_lines ADD COLUMN has_own_fault BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE work_lines ADD COLUMN fault_id BIGINT;
ALTER TABLE work_lines ADD COLUMN has_own_cause BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE work_lines ADD COLUMN cause_id BIGINT;
UPDATE work_lines SET
    component_id = (SELECT d.component_id FROM line_diagnoses d WHERE d.work_line_id = work_lines.id),
    fault_id = (SELECT d.fault_id FROM line_diagnoses d WHERE d.work_line_id = work_lines.id),
    cause_id = (SELECT d.cause_id FROM line_diagnoses d WHERE d.work_line_id = work_lines.id);
UPDATE work_lines SET has_own_fault = fault_id IS NOT NULL, has_own_cause = cause_id IS NOT NULL;
DROP TABLE line_diagnoses;
