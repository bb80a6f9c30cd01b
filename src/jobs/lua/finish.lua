-- Ends an attempt, once. ARGV: id, attempt, status, now, ttl, error JSON or '', packed result or '', packed Inseq result
-- or ''. Returns 'finished' (with a repeat of the same call, after a lost reply, counting as such), or 'superseded'.
local id, attempt, status, now, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local job = load(id)
if not job or job.attempt ~= attempt then return 'superseded' end
if isFinal(job.status) then return job.status == status and 'finished' or 'superseded' end
if ARGV[7] ~= '' then redis.call('SET', resultKey(id, 'json'), ARGV[7], 'EX', ttl) end
if ARGV[8] ~= '' then redis.call('SET', resultKey(id, 'inseq'), ARGV[8], 'EX', ttl) end
conclude(id, job, status, now, ttl, ARGV[6])
return 'finished'
