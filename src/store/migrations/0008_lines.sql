-- The IMEI of the device that an industry line is bound to, sealed by its subject's data key; and whether an assessment
-- binds its lines to devices.
ALTER TABLE line ADD COLUMN imei BLOB;
ALTER TABLE industry_assessment ADD COLUMN imei_binding BIGINT NOT NULL DEFAULT 0;

-- A token is opened, not looked for: only those that were given out before are in subject_of_token. A person's live lines
-- are found by their slots; the index that had them all is one of those that ended.
DROP INDEX line_of_subject;
CREATE INDEX line_past_of_subject ON line (subject, id) WHERE end_time IS NOT NULL;
