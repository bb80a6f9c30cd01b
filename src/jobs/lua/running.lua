-- What is left of the turns that run: part of the prelude of all scripts.

-- More do not run at once, unless there are many workers; then what they need says little of any single one.
local MOST_RUNNING = 256
-- Of a phase: from then on a job's own speed tells what is left of it (time-left.ts).
local TELLING_SHARE = 0.2

-- Seconds that a job which runs says it still needs; nil until it is well on.
local function toldLeft(id, now)
  local phase, completed, total, left, told = unpack(redis.call('HMGET', key('job', id), 'phase', 'completed', 'total',
    'seconds_left', 'progress_event'))
  if phase ~= 'attributing' or not tonumber(left or '') or not told then return nil end
  if tonumber(total) == 0 or completed / total < TELLING_SHARE then return nil end
  return math.max(0, left - (now - string.match(told, '^%d+')) / 1000)
end

-- The turns that run, with pool and seconds left; nil where nothing is known. Jobs that share a turn end together: as
-- they say once they are well on; until then, what is left of all estimates.
local function runningTurns()
  local now = serverTime()
  local turns = {}
  for _, index in ipairs({ key('running'), key('lines', 'running') }) do
    for _, id in ipairs(redis.call('ZRANGE', index, 0, MOST_RUNNING - 1)) do
      local job = load(id)
      local started = job and redis.call('HGET', key('job', id), 'started_at')
      if job and started then
        local name = job.turn or id
        local turn = turns[name] or { pool = job.pool, seconds = 0, started = tonumber(started) }
        turns[name] = turn
        local pace = tonumber(redis.call('HGET', key('pace'), job.pool) or '')
        local estimate = job.estimate or (pace and job.work / pace)
        turn.seconds = turn.seconds and estimate and turn.seconds + estimate
        local told = toldLeft(id, now)
        if told then turn.told = math.max(turn.told or 0, told) end
      end
    end
  end
  for _, turn in pairs(turns) do
    turn.left = turn.told or (turn.seconds and math.max(0, turn.seconds - (now - turn.started) / 1000))
  end
  return turns
end
