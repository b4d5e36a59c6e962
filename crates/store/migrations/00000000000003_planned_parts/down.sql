ALTER TABLE work_lines DROP COLUMN awaited_at;
