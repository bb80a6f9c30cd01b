-- Fails a job whose workers are gone. ARGV: id, attempt, now, ttl, error JSON. Returns 1, or 0 where it had
-- ended or another attempt runs.
local id, attempt = ARGV[1], ARGV[2]
local job = load(id)
if not job or isFinal(job.status) or job.attempt ~= attempt then return 0 end
conclude(id, job, 'failed', tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5])
return 1
