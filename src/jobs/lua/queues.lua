--[[
  How much waits in each pool that ever had a worker, and since when.

  Output, for each pool: name, jobs that wait, seconds of those that have a quote, work of the others, work a
  second of a worker or '', seconds that the oldest waits, seconds that the jobs which run still need
]]
-- More do not run at once, unless there are many workers; then what they need says little of any single one.
local MOST_RUNNING = 256

local found = {}
local now = serverTime()
-- Jobs that share a turn end together: of each turn, what is left of all.
local left = {}
local turns = {}
for _, index in ipairs({ key('running'), key('lines', 'running') }) do
  for _, id in ipairs(redis.call('ZRANGE', index, 0, MOST_RUNNING - 1)) do
    local job = load(id)
    local started = job and redis.call('HGET', key('job', id), 'started_at')
    if job and job.estimate and started then
      local turn = turns[job.turn or id] or { pool = job.pool, seconds = 0, started = tonumber(started) }
      turn.seconds = turn.seconds + job.estimate
      turns[job.turn or id] = turn
    end
  end
end
for _, turn in pairs(turns) do
  left[turn.pool] = (left[turn.pool] or 0) + math.max(0, turn.seconds - (now - turn.started) / 1000)
end
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
