-- ARGV: now, statuses... Returns how many jobs each has.
sweep(tonumber(ARGV[1]))
local counts = {}
for i = 2, #ARGV do counts[i - 1] = redis.call('ZCARD', statusKey(ARGV[i])) end
return counts
