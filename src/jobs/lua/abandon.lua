--[[
  Fails a job whose workers have died.

  Input:
    ARGV[1]  id
    ARGV[2]  attempt: the last one that is known
    ARGV[3]  now: milliseconds since 1970
    ARGV[4]  ttl: seconds for which it is kept from now on
    ARGV[5]  failure: the error, as JSON

  Output:
    1, or 0 where it had ended or another attempt runs
]]
local id, attempt, now, ttl, failure = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

local job = load(id)
if not job or isFinal(job.status) or job.attempt ~= attempt then return 0 end
conclude(id, job, 'failed', now, ttl, failure)
return 1
