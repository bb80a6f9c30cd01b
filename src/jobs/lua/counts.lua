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
  local jobs, lines = redis.call('ZCARD', key('status', ARGV[i])), redis.call('ZCARD', key('lines', ARGV[i]))
  table.insert(counts, jobs + lines)
end
return counts
