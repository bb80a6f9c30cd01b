--[[
  Lets a worker take a job.

  Input:
    ARGV[1]  id
    ARGV[2]  worker
    ARGV[3]  now: milliseconds since 1970

  Output:
    the number of this attempt, or 0 where nothing is to be done: the job was removed, canceled, or finished by a worker
    that lost its lock in the last moment
]]
local id, worker, now = ARGV[1], ARGV[2], ARGV[3]

local job = load(id)
if not job or isFinal(job.status) then return 0 end
move(id, job, 'running')
redis.call('HSET', key('job', id), 'started_at', now, 'worker', worker)
setProgress(id, 'loading', '0', '0')
tell(id, 'event')
return redis.call('HINCRBY', key('job', id), 'attempt', 1)
