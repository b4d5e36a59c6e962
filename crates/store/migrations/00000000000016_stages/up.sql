-- What the step of a repair means, as its chart has it: ids of steps are the house's own. Until now there was the built-in chart alone.
ALTER TABLE repairs ADD COLUMN stage TEXT;
UPDATE repairs SET stage = CASE step
    WHEN 'received' THEN 'intake' WHEN 'diagnosis' THEN 'diagnosis' WHEN 'approval' THEN 'approval' WHEN 'part' THEN 'parts'
    WHEN 'repair' THEN 'work' WHEN 'quality' THEN 'check' WHEN 'ready' THEN 'ready' END;
