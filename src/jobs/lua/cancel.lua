--[[
  Cancels a job that has not ended.

  Input:
    ARGV[1]  latest: until when this may be done, by the server's clock
    ARGV[2]  id
    ARGV[3]  now: milliseconds since 1970
    ARGV[4]  ttl: seconds for which it is kept from now on

  Output: {the server's clock, status before, '1' where a webhook is due now, else '0'}
    or {the server's clock} where the job is unknown, or {the server's clock, 'late'}
]]
local latest, id, now, ttl = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local time = serverTime()
if time > latest then return { time, 'late' } end
local job = load(id)
if not job then return { time } end
local due = '0'
if not isFinal(job.status) then
  if job.webhook then due = '1' end
  conclude(id, job, 'canceled', now, ttl, '')
  redis.call('PUBLISH', key('channel_stop'), id)
end
return { time, job.status, due }
