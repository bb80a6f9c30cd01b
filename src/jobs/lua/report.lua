--[[
  Tells progress and steps of a running attempt. A step is told once, whatever sends it again: a write whose answer was
  lost, or another attempt, which computes the same.

  Input:
    ARGV[1]  id
    ARGV[2]  attempt
    ARGV[3]  limit: most events that the stream keeps
    ARGV[4]  phase, or '' where there is no progress to tell
    ARGV[5]  completed
    ARGV[6]  total
    ARGV[7]  left: seconds that it will still compute, or ''
    ARGV[8]  and so on, in pairs: the number of a step within its job, and its JSON text

  Output:
    1, or 0 where this attempt no longer counts and its worker should stop
]]
local id, attempt, limit, phase, completed, total, left = unpack(ARGV, 1, 7)
local FIRST_STEP = 8

local job = load(id)
if not job or isFinal(job.status) or job.attempt ~= attempt then return 0 end
if job.status ~= 'running' then return 1 end -- held for stalled, but nobody else has taken it yet

local told = phase ~= ''
for i = FIRST_STEP, #ARGV, 2 do
  local number, step = ARGV[i], ARGV[i + 1]
  if redis.call('SETBIT', key('told', id), number, 1) == 0 then
    redis.call('XADD', key('events', id), 'MAXLEN', '~', limit, '*', 'event', 'step', 'data', step)
    told = true
  end
end
if #ARGV >= FIRST_STEP then -- for who looks from outside
  redis.call('HSET', key('job', id), 'steps_stored', attempt .. ':' .. redis.call('BITCOUNT', key('told', id)))
end
if phase ~= '' then setProgress(id, phase, completed, total, left) end
if told then tell(id, 'event') end
return 1
