-- Part of the prelude of all scripts, of jobs and of batches.

-- This server's clock, in milliseconds since 1970.
local function serverTime()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
