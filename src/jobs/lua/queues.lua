--[[
  How much waits in each pool that ever had a worker, and since when.

  Output, for each pool: name, jobs that wait, seconds of those that have a quote, work of the others, work a
  second of a worker or '', seconds that the oldest waits, seconds that the jobs which run still need
]]
local found = {}
local now = serverTime()
local left = {}
for _, turn in pairs(runningTurns()) do left[turn.pool] = (left[turn.pool] or 0) + (turn.left or 0) end
for _, pool in ipairs(redis.call('HKEYS', key('catalogue'))) do
  local since = now
  for _, batch in ipairs({ '', 'line' }) do
    local oldest = first(queueKey(pool, batch)) -- ids are in the order of their age
    local queued = oldest and redis.call('HGET', key('job', oldest), 'queued_at')
    if queued then since = math.min(since, tonumber(queued)) end
  end
  local work = redis.call('HGET', key('queue_work'), pool) or '0'
  local pace = redis.call('HGET', key('pace'), pool) or ''
  local quoted = redis.call('HGET', key('queue_seconds'), pool) or '0'
  table.insert(found, {
    pool, waitingIn(pool), quoted, work, pace, tostring((now - since) / 1000), tostring(left[pool] or 0),
  })
end
return found
