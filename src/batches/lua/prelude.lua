-- Shared by all scripts of batches: src/batches/scripts.ts puts it in front of each, and before it the tables NAMES
-- (what keys begin with), JOBS (the same of jobs) and MARKS (what becomes of a line), and time.lua of jobs.
-- Invariants: counts agree with marks; a batch whose `status` is final gets no more lines; what is `removed` is shown to
-- nobody and only waits to be taken apart.

local function key(kind, ...) return table.concat({ NAMES[kind], ... }, ':') end
local function jobKey(kind, ...) return table.concat({ JOBS[kind], ... }, ':') end

-- The batch whose status this is; false where there is none, or it is removed.
local function statusOf(id)
  local status = redis.call('HGET', key('batch', id), 'status')
  return status ~= 'removed' and status
end

local function isEnded(status) return status == 'completed' or status == 'canceled' end

-- Who follows its results reads on.
local function tell(id) redis.call('PUBLISH', jobKey('channel_job', id), 'event') end

-- Jobs of the batch that are computed at this moment.
local function running(id)
  local found = 0
  for _, job in ipairs(redis.call('HVALS', key('flight', id))) do
    if redis.call('HGET', jobKey('job', job), 'status') == 'running' then found = found + 1 end
  end
  return found
end

-- Fields as src/batches/record.ts reads them; false where there is no such batch.
local function describe(id)
  if not statusOf(id) then return false end
  local fields = redis.call('HMGET', key('batch', id), 'status', 'created_at', 'started_at', 'finished_at', 'total',
    'succeeded', 'failed', 'canceled')
  table.insert(fields, tostring(running(id)))
  table.insert(fields, id)
  return fields
end

-- Whether `owner` holds the lease of a batch, renewed or taken now for so many milliseconds.
local function hold(id, owner, ms)
  local holder = redis.call('GET', key('lease', id))
  if holder and holder ~= owner then return false end
  redis.call('SET', key('lease', id), owner, 'PX', ms)
  return true
end
