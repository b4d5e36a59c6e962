CREATE TABLE outbox (
    id {id},
    consumer TEXT NOT NULL,
    journal_id BIGINT NOT NULL REFERENCES journal (id),
    claimed_at TIMESTAMP
);
CREATE INDEX outbox_consumer_id_idx ON outbox (consumer, id);
INSERT INTO outbox (consumer, journal_id) SELECT 'papers', CAST(key AS BIGINT) FROM jobs WHERE job = 'papers';
DROP TABLE jobs;
