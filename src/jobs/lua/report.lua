-- Progress and steps of a running attempt. ARGV: id, attempt, most events kept, phase or '', completed, total, how many
-- steps of the attempt came before, steps as JSON texts... Returns 1, or 0 where this attempt no longer counts and its
-- worker should stop.
local id, attempt, limit, phase = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local job = load(id)
if not job or isFinal(job.status) or job.attempt ~= attempt then return 0 end
if job.status ~= 'running' then return 1 end -- held for stalled, but nobody else has taken it yet
-- A write whose answer was lost is sent again: steps that it stored are not stored twice.
local before = tonumber(ARGV[7])
local mark = redis.call('HGET', jobKey(id), 'steps_stored') or ''
local stored = tonumber(string.match(mark, '^' .. attempt .. ':(%d+)$')) or 0
for i = 8, #ARGV do
  if before + i - 7 > stored then
    redis.call('XADD', eventsKey(id), 'MAXLEN', '~', limit, '*', 'event', 'step', 'data', ARGV[i])
  end
end
if #ARGV >= 8 then
  redis.call('HSET', jobKey(id), 'steps_stored', attempt .. ':' .. math.max(stored, before + #ARGV - 7))
end
if phase ~= '' then setProgress(id, phase, ARGV[5], ARGV[6]) end
if phase ~= '' or #ARGV >= 8 then tell(id, 'event') end
return 1
