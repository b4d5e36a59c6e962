-- Who sees one centre or one brand sees the newest of it without sorting all of it.
CREATE INDEX repairs_centre_id_occurred_on_id_idx ON repairs (centre_id, occurred_on, id);
CREATE INDEX repairs_brand_id_occurred_on_id_idx ON repairs (brand_id, occurred_on, id);
