--[[
  Notes what was made of the next lines of a batch: a job, or an error.

  Input:
    ARGV[1]  id
    ARGV[2]  owner: the feeder that asks
    ARGV[3]  lease: milliseconds for which it holds the batch from now on
    ARGV[4]  now: milliseconds since 1970
    ARGV[5]  first: number of the first of these lines
    ARGV[6]  and so on, two for each line: 'job' and its id, or 'error' and the error as JSON

  Output:
    1, or 0 where these are not the next lines, the batch has ended, or another feeder holds it: then the jobs are nobody's
]]
local id, owner, lease, now, first = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local FIRST_LINE = 6

local batch = key('batch', id)
local status = statusOf(id)
if not status or isEnded(status) or not hold(id, owner, lease) then return 0 end
if tonumber(redis.call('HGET', batch, 'next')) ~= first then return 0 end

local marks, failed = {}, 0
for i = FIRST_LINE, #ARGV, 2 do
  local line = first + (i - FIRST_LINE) / 2
  if ARGV[i] == 'job' then
    redis.call('HSET', key('flight', id), line, ARGV[i + 1])
    table.insert(marks, MARKS.job)
  else
    redis.call('HSET', key('errors', id), line, ARGV[i + 1])
    table.insert(marks, MARKS.failed)
    failed = failed + 1
  end
end
redis.call('SETRANGE', key('marks', id), first, table.concat(marks))
redis.call('HINCRBY', batch, 'failed', failed)
redis.call('HINCRBY', batch, 'next', #marks)
if status == 'queued' then redis.call('HSET', batch, 'status', 'running', 'started_at', now) end
if failed > 0 then tell(id) end
return 1
