-- Drops records that have no seal of ours, unless they were replaced meanwhile. KEYS: keys. ARGV: what each was,
-- up to a length, and at last the last byte of that length.
local last = ARGV[#ARGV]
for i, key in ipairs(KEYS) do
  if redis.pcall('GETRANGE', key, 0, last) == ARGV[i] then
    redis.call('DEL', key)
  end
end
return #KEYS
