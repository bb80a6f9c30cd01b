-- Progress and steps of a running attempt. ARGV: id, attempt, most events kept, phase or '', completed, total, steps as
-- JSON texts... Returns 1, or 0 where this attempt no longer counts and its worker should stop.
local id, attempt, limit, phase = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local job = load(id)
if not job or isFinal(job.status) or job.attempt ~= attempt then return 0 end
if job.status ~= 'running' then return 1 end -- held for stalled, but nobody else has taken it yet
for i = 7, #ARGV do
  redis.call('XADD', eventsKey(id), 'MAXLEN', '~', limit, '*', 'event', 'step', 'data', ARGV[i])
end
if phase ~= '' then setProgress(id, phase, ARGV[5], ARGV[6]) end
if phase ~= '' or #ARGV >= 7 then tell(id, 'event') end
return 1
