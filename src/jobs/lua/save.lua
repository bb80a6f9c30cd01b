--[[
  Puts down what an attempt has computed, for the one after it.

  Input:
    ARGV[1]  id
    ARGV[2]  attempt
    ARGV[3]  savepoint: bytes

  Output:
    1, or 0 where the attempt does not run any more
]]
local id, attempt, savepoint = ARGV[1], ARGV[2], ARGV[3]
-- It goes when the job ends; but workers of the version before do not know it.
local KEPT_SECONDS = 86400

local job = load(id)
if not job or job.status ~= 'running' or job.attempt ~= attempt then return 0 end
redis.call('SET', key('savepoint', id), savepoint, 'EX', KEPT_SECONDS)
return 1
