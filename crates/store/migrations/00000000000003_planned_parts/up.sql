ALTER TABLE work_lines ADD COLUMN awaited_at TIMESTAMP;
