--[[
  Forgets a job and all that lies beside it, its result for requests that ask for the same included.

  Input:
    ARGV[1]  latest: until when this may be done, by the server's clock
    ARGV[2]  id

  Output: {the server's clock, status before}
    or {the server's clock} where the job is unknown, or {the server's clock, 'late'}
]]
local latest, id = tonumber(ARGV[1]), ARGV[2]

local time = serverTime()
if time > latest then return { time, 'late' } end
local job = load(id)
if not job then return { time } end
if job.status == 'queued' then leaveFlow(id, job) end
if job.turn then redis.call('SREM', key('turn', job.turn), id) end
unlist(id, job.status, job.model, job.tenant)
redis.call('ZREM', key('expiry'), expiryEntry(id, job.status, job.model, job.tenant))
redis.call('DEL', key('job', id), key('request', id), key('events', id), key('told', id), key('savepoint', id), key('result', 'json', id),
  key('result', 'inseq', id))
if job.cache ~= '' then forgetResult(job.cache) end
if job.idempotency then redis.call('DEL', key('idempotency', job.idempotency)) end
if not isFinal(job.status) then redis.call('PUBLISH', key('channel_stop'), id) end
tell(id, 'removed')
return { time, job.status }
