-- Takes from a budget by Redis's own clock. What is taken now is earned later; at most a burst may be unearned.
-- KEYS: the budget, which holds the microsecond at which all is earned. ARGV: how many are asked for, microseconds
-- to earn one, microseconds to earn a burst. Returns how many are given, and microseconds until the next.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local asked, one, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.pcall('GET', KEYS[1])
local earned = type(held) == 'string' and tonumber(held) or now
-- Neither a clock that was set back nor a made-up number blocks for longer than a burst.
if not (earned > now) then earned = now end
if earned > now + burst then earned = now + burst end
local granted = math.min(asked, math.floor((now + burst - earned) / one + 0.000001))
earned = earned + granted * one
redis.call('SET', KEYS[1], string.format('%.0f', math.ceil(earned)), 'PX', math.ceil((earned - now) / 1000) + 1000)
return { granted, math.ceil(math.max(0, earned + one - now - burst)) }
