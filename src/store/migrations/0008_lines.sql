-- The IMEI of the device that an industry line is bound to, sealed by its subject's data key; and whether an assessment
-- binds its lines to devices.
ALTER TABLE line ADD COLUMN imei BLOB;
ALTER TABLE industry_assessment ADD COLUMN imei_binding BIGINT NOT NULL DEFAULT 0;
