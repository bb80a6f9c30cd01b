--[[
  Lets a running job wait again: its worker died, hands it back or will retry it.

  Input:
    ARGV[1]  id
    ARGV[2]  attempt

  Output:
    1, or 0 where that attempt no longer runs
]]
local id, attempt = ARGV[1], ARGV[2]

local job = load(id)
if not job or job.status ~= 'running' or job.attempt ~= attempt then return 0 end
move(id, job, 'queued')
redis.call('HDEL', key('job', id), 'started_at', 'worker')
setProgress(id, 'queued', '0', '0')
tell(id, 'event')
return 1
