-- Forgets a job and all that lies beside it. ARGV: id. Returns {status before, pool}, or {} where it is unknown.
local id = ARGV[1]
local job = load(id)
if not job then return {} end
unlist(id, job.status, job.model)
redis.call('ZREM', waitingKey(job.pool), id)
redis.call('ZREM', EXPIRY, id .. ' ' .. job.status .. ' ' .. job.model)
redis.call('DEL', jobKey(id), requestKey(id), eventsKey(id), toldKey(id), resultKey(id, 'json'), resultKey(id, 'inseq'))
if job.idempotency then redis.call('DEL', idempotencyKey(job.idempotency)) end
if not isFinal(job.status) then redis.call('PUBLISH', STOP, id) end
tell(id, 'removed')
return { job.status, job.pool }
