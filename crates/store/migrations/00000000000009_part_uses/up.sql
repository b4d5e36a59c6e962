-- Where a part was fitted or mended, newest first; in which work a component came and left.
CREATE INDEX work_lines_product_id_id_idx ON work_lines (product_id, id);
CREATE INDEX work_lines_device_in_id_idx ON work_lines (device_in_id);
CREATE INDEX work_lines_device_out_id_idx ON work_lines (device_out_id);
