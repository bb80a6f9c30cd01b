--[[
  Ends an attempt, once.

  Input:
    ARGV[1]  id
    ARGV[2]  attempt
    ARGV[3]  status: 'succeeded' or 'failed'
    ARGV[4]  now: milliseconds since 1970
    ARGV[5]  ttl: seconds for which the job is kept from now on
    ARGV[6]  failure: the error as JSON, or ''
    ARGV[7]  tail of the result, or '' where there is none
    ARGV[8]  inseq: the result in Inseq's form, packed, or ''
    ARGV[9]  failed: how many of its texts failed
    ARGV[10] seconds of the device that it took
    ARGV[11] estimate: how many seconds it was thought to take, or '' where that cannot be told
    ARGV[12] tokens of its texts
    ARGV[13] passes of the model
    ARGV[14] head of the result, or ''
    ARGV[15] cache: where the result may be kept for requests that ask for the same, or ''
    ARGV[16] room: most bytes of what is kept
    ARGV[17] difference from the result of the job that it repeats, as JSON, or ''

  Output:
    1, also for a repetition of the same call, after a lost reply; 0 where the attempt no longer counts
]]
local id, attempt, status, now, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local failure, tail, inseq, failed = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local seconds, estimate, tokens, passes = tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12], ARGV[13]
local head, cache, room, difference = ARGV[14], ARGV[15], tonumber(ARGV[16]), ARGV[17]

local job = load(id)
if not job or job.attempt ~= attempt then return 0 end
if isFinal(job.status) then return job.status == status and 1 or 0 end
if tail ~= '' then storeResult(id, head, tail, inseq, ttl) end
-- Another cache than that of the record: the model is not the one any more that was known when the job came.
if tail ~= '' and cache ~= '' and cache == job.cache then
  sweepResults(serverTime())
  keepResult(cache, tail, inseq, redis.call('HGET', key('job', id), 'total'), ttl, room)
end
shrinkResults(room)
redis.call('HSET', key('job', id), 'failed_texts', failed)
if difference ~= '' then redis.call('HSET', key('job', id), 'difference', difference) end
count(seconds, 'job_run_seconds', job.model, redis.call('HGET', key('job', id), 'method'))
count(tokens, 'tokens', job.pool)
count(passes, 'passes', job.pool)
use(job, now, 'tokens', tokens)
use(job, now, 'compute_seconds', seconds)
correctCharge(job, seconds)
if estimate and seconds > 0 then observe(estimate / seconds, 'estimate_error_ratio', job.pool) end
conclude(id, job, status, now, ttl, failure)
return 1
