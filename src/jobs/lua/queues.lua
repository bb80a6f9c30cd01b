--[[
  How much waits in each pool that ever had a worker, and since when.

  Output, for each pool: name, jobs that wait, their work, work a second of a worker or '', seconds that the oldest waits
]]
local found = {}
local now = serverTime()
for _, pool in ipairs(redis.call('HKEYS', key('catalogue'))) do
  local since = now
  for _, batch in ipairs({ '', 'line' }) do
    local oldest = first(queueKey(pool, batch)) -- ids are in the order of their age
    local queued = oldest and redis.call('HGET', key('job', oldest), 'queued_at')
    if queued then since = math.min(since, tonumber(queued)) end
  end
  local work = redis.call('HGET', key('queue_work'), pool) or '0'
  local pace = redis.call('HGET', key('pace'), pool) or ''
  table.insert(found, { pool, waitingIn(pool), work, pace, tostring((now - since) / 1000) })
end
return found
