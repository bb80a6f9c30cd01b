--[[
  Lets a running job wait again, in front of its flow.

  Input:
    ARGV[1]  id
    ARGV[2]  list: BullMQ's list of the pool's turns that wait
    ARGV[3]  attempt
    ARGV[4]  cause: 'returned' by its worker, which goes or had to end its engine for another job; 'apart', because it is
             to run alone; 'failed', its engine; 'lost', its worker
    ARGV[5]  limit: how often it may have failed or got lost

  Output: {outcome, number}
    'waits'       with the number of turns to be added
    'over'        with the number of times it has failed or got lost: it is left as it is
    'superseded'  that attempt does not run any more
]]
local id, list, attempt, cause, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local job = load(id)
if not job or job.status ~= 'running' or job.attempt ~= attempt then return { 'superseded', 0 } end
if cause == 'failed' or cause == 'lost' then
  local times = redis.call('HINCRBY', key('job', id), cause, 1)
  if times > limit then return { 'over', times } end
end
if cause ~= 'returned' then
  job.alone = true -- should it take down what runs beside it, it does so once
  redis.call('HSET', key('job', id), 'alone', '1')
end
-- What an engine failed on may be what it went on from.
if cause == 'failed' then redis.call('DEL', key('savepoint', id)) end
move(id, job, 'queued')
redis.call('HDEL', key('job', id), 'started_at', 'worker')
setProgress(id, 'queued', '0', '0')
tell(id, 'event')
return { 'waits', turnsWanted(job.pool, list) }
