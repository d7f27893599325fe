-- What a batch of a restoration lets back, where that is not what its order names: others keep the rest off, or it won over
-- others who had cut more.

ALTER TABLE shutdown_batch ADD COLUMN scopes BIGINT;
