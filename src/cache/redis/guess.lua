-- Tries values against budgets of guesses by Redis's own clock. KEYS: the budgets. ARGV: for each the value (16 hex
-- digits; empty to look only), how many different ones there may be, and for how many milliseconds one counts. A
-- budget holds T and the millisecond at which it tripped, or its values, each with the millisecond at which it was
-- tried last. Returns for each the milliseconds until it is whole again; 0: go on.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local told = {}
for i, key in ipairs(KEYS) do
  local value, most, window = ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local held = redis.pcall('GETRANGE', key, 0, 4095)
  if type(held) ~= 'string' then held = '' end
  -- Neither a clock that was set back nor a made-up number blocks for longer than a window.
  local tripped = tonumber(string.match(held, '^T(%d+)$'))
  told[i] = tripped and math.max(0, math.min(tripped, now) + window - now) or 0
  if told[i] == 0 and value ~= '' then
    local kept, known = {}, false
    for other, last in string.gmatch(held, '(%x+):(%d+);') do
      last = math.min(tonumber(last), now)
      if now - last < window then
        if other == value then known = true
        else table.insert(kept, other .. ':' .. string.format('%.0f', last) .. ';') end
      end
    end
    local text
    if known or #kept < most then
      text = table.concat(kept) .. value .. ':' .. string.format('%.0f', now) .. ';'
    else
      text, told[i] = 'T' .. string.format('%.0f', now), window
    end
    redis.call('SET', key, text, 'PX', string.format('%.0f', window))
  end
end
return told
