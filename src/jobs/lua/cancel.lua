-- Cancels a job that has not ended. ARGV: id, now, ttl. Returns {status before, pool, '1' where a webhook is due now},
-- or {} where it is unknown.
local id = ARGV[1]
local job = load(id)
if not job then return {} end
local due = '0'
if not isFinal(job.status) then
  if job.webhook then due = '1' end
  conclude(id, job, 'canceled', tonumber(ARGV[2]), tonumber(ARGV[3]), '')
  redis.call('PUBLISH', STOP, id)
end
return { job.status, job.pool, due }
