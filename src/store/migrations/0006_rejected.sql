-- Whoever enrols a person shares the row of the person's stripe, whoever restricts one takes it alone: a person who is
-- not there yet has no row of its own to be locked. The stripe is the first byte of the index of the document.
CREATE TABLE person_stripe (
  n BIGINT NOT NULL PRIMARY KEY
);
INSERT INTO person_stripe (n)
  WITH RECURSIVE stripe (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM stripe WHERE n < 255) SELECT n FROM stripe;

-- What rejected rows said, sealed by a data key of their import's own, for its sender to have back. Once the import
-- expires its key is NULL, and they open for nobody.
ALTER TABLE import_job ADD COLUMN wrapped_key BLOB;
ALTER TABLE import_job ADD COLUMN kek_id BLOB;
ALTER TABLE import_row_rejected ADD COLUMN original BLOB;
