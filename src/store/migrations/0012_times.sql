-- Ends and limits of orders that are kept however they are halted and let go on.

-- What of a batch had been refused or failed when a second officer last let its order go on: not held against it.
ALTER TABLE shutdown_batch ADD COLUMN forgiven_count BIGINT NOT NULL DEFAULT 0;
-- What weighs in the limits of an organisation though it was issued long ago: orders that wait for their second officer,
-- and those that are to take effect.
CREATE INDEX shutdown_order_waiting ON shutdown_order (organisation) WHERE state = 'PENDING_APPROVAL';
CREATE INDEX shutdown_order_effective ON shutdown_order (organisation, effective_time)
  WHERE effective_time IS NOT NULL AND issue_time IS NOT NULL;
-- What went out lately, of whatever order.
CREATE INDEX shutdown_batch_released ON shutdown_batch (release_time) WHERE release_time IS NOT NULL;
-- An order that was released after its own end was not looked at again: now it is.
UPDATE shutdown_order SET next_time = expire_time
  WHERE kind = 'SHUTDOWN' AND state IS NOT NULL AND expire_time IS NOT NULL AND next_time IS NULL AND erase_time IS NULL;
