ALTER TABLE agreements DROP COLUMN customer_id;
DROP INDEX workflow_charts_public_id_key;
ALTER TABLE workflow_charts DROP COLUMN public_id;
