--[[
  Takes a job over that the version before accepted: it waits in a flow then.

  Input:
    ARGV[1]  id
    ARGV[2]  pool
    ARGV[3]  list: BullMQ's list of the pool's turns that wait

  Output: turns to be added
]]
local id, pool, list = ARGV[1], ARGV[2], ARGV[3]

redis.call('ZREM', key('older_waiting', pool), id)
redis.call('ZREM', key('status', 'running'), id)
local job = load(id)
if job and not isFinal(job.status) and not job.turn then
  if job.status == 'running' then
    redis.call('HDEL', key('job', id), 'started_at', 'worker')
    setProgress(id, 'queued', '0', '0')
    tell(id, 'event')
  end
  move(id, job, 'queued')
end
return turnsWanted(pool, list)
