-- Reads records, each up to a length: what is longer is not ours, and must not fill the line. KEYS: keys.
-- ARGV: the last byte.
local found = {}
for i, key in ipairs(KEYS) do
  local record = redis.pcall('GETRANGE', key, 0, ARGV[1])
  found[i] = type(record) == 'string' and record or ''
end
return found
