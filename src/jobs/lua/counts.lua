--[[
  Counts jobs by status, lines of batches too.

  Input:
    ARGV[1]  now: milliseconds since 1970
    ARGV[2]  and so on: statuses

  Output:
    how many jobs each status has, in this order
]]
local now = tonumber(ARGV[1])
local FIRST_STATUS = 2

sweep(now)
local counts = {}
for i = FIRST_STATUS, #ARGV do
  local jobs, lines = statusIndex(ARGV[i], ''), statusIndex(ARGV[i], 'line')
  table.insert(counts, redis.call('ZCARD', jobs) + redis.call('ZCARD', lines))
end
return counts
