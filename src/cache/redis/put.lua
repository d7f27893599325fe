-- Keeps records unless a newer one is known; returns how many were refused. KEYS: keys. ARGV: for each its revision
-- (19 digits, so that text compares as numbers do), the record, and milliseconds to live. A value may take the place
-- of what has its revision already, a floor may not. What has no head of ours is nothing.
local refused = 0
for i, key in ipairs(KEYS) do
  local revision, record, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  local head = redis.pcall('GETRANGE', key, 0, 19)
  local known = type(head) == 'string' and string.match(head, '^[VF](%d+)$')
  if not known or #known ~= 19 or known < revision
    or (known == revision and string.sub(record, 1, 1) == 'V') then
    redis.call('SET', key, record, 'PX', ttl)
  elseif known > revision then
    refused = refused + 1
  end
end
return refused
