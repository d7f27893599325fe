-- What makes the steps of a large order cheap. `terms_sha256` is a keyed digest of a plan's terms, without its list, and
-- of what is approved; `ground_sha256` is what the fate of its numbers rested on beside their lines and other orders:
-- who holds blocks, and who acts where. NULL in plans of before: their steps look at every number.
ALTER TABLE shutdown_order ADD COLUMN terms_sha256 TEXT;
ALTER TABLE shutdown_order ADD COLUMN ground_sha256 TEXT;
-- How many numbers of the batch are at each place; NULL where it has to be counted.
ALTER TABLE shutdown_batch ADD COLUMN tally TEXT;
