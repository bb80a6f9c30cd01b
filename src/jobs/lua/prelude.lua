-- Shared by all scripts: src/jobs/scripts.ts puts it in front of each, and before it the tables NAMES (what keys begin
-- with) and FINAL (statuses that do not change any more).
-- A record changes only here, so its status, the indexes, the events and the expiry always agree.
-- Invariant: a job with a final status does not change any more.

local function key(kind, ...) return table.concat({ NAMES[kind], ... }, ':') end

-- This server's clock, in milliseconds since 1970.
local function serverTime()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function tell(id, what) redis.call('PUBLISH', key('channel_job', id), what) end

local function load(id)
  local fields = redis.call('HMGET', key('job', id), 'status', 'model', 'pool', 'attempt', 'idempotency', 'webhook',
    'batch')
  if not fields[1] then return nil end
  return {
    status = fields[1], model = fields[2], pool = fields[3], attempt = fields[4],
    idempotency = fields[5], webhook = fields[6] == '1', batch = fields[7] or '',
  }
end

local function isFinal(status) return FINAL[status] ~= nil end

-- The index of the jobs that have this status; lines of batches have their own, so that lists need not skip them.
local function statusIndex(status, batch) return key(batch == '' and 'status' or 'lines', status) end

local function move(id, job, status)
  redis.call('ZREM', statusIndex(job.status, job.batch), id)
  redis.call('ZADD', statusIndex(status, job.batch), 0, id)
  if status == 'queued' then
    redis.call('ZADD', key('waiting', job.pool), 0, id)
  else
    redis.call('ZREM', key('waiting', job.pool), id)
  end
  redis.call('HSET', key('job', id), 'status', status)
end

-- The stream holds every step but only the newest progress: a late reader needs no older one.
local function setProgress(id, phase, completed, total)
  local previous = redis.call('HGET', key('job', id), 'progress_event')
  if previous then redis.call('XDEL', key('events', id), previous) end
  local event = redis.call('XADD', key('events', id), '*', 'event', 'progress', 'data',
    '[' .. cjson.encode(phase) .. ',' .. completed .. ',' .. total .. ']')
  redis.call('HSET', key('job', id), 'phase', phase, 'completed', completed, 'total', total, 'progress_event', event)
end

-- Forgets a job in every index; its own keys are the caller's matter.
local function unlist(id, status, model)
  redis.call('ZREM', key('jobs'), id)
  redis.call('ZREM', key('status', status), id)
  redis.call('ZREM', key('lines', status), id)
  redis.call('ZREM', key('model', model), id)
  redis.call('SREM', key('webhooks'), id)
end

-- Records vanish by their TTL; their index entries vanish here.
local function sweep(now)
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', key('expiry'), '-inf', now, 'LIMIT', 0, 500)) do
    local id, status, model = string.match(entry, '^(%S+) (%S+) (.*)$')
    unlist(id, status, model)
    redis.call('ZREM', key('expiry'), entry)
  end
end

-- Ends a job; `failure` is its error as JSON, or ''.
local function conclude(id, job, status, now, ttl, failure)
  move(id, job, status)
  redis.call('HSET', key('job', id), 'finished_at', now, 'phase', 'done')
  if status == 'succeeded' then
    redis.call('HSET', key('job', id), 'completed', redis.call('HGET', key('job', id), 'total'))
  end
  if failure ~= '' then redis.call('HSET', key('job', id), 'error', failure) end
  redis.call('XADD', key('events', id), '*', 'event', 'done', 'data', 'null')
  redis.call('DEL', key('told', id)) -- no attempt tells anything from now on
  redis.call('EXPIRE', key('job', id), ttl)
  redis.call('EXPIRE', key('request', id), ttl)
  redis.call('EXPIRE', key('events', id), ttl)
  if job.idempotency then redis.call('EXPIRE', key('idempotency', job.idempotency), ttl) end
  redis.call('ZADD', key('expiry'), now + ttl * 1000, id .. ' ' .. status .. ' ' .. job.model)
  if job.webhook then redis.call('SADD', key('webhooks'), id) end
  sweep(now)
  tell(id, 'done')
end

-- Fields as src/jobs/record.ts reads them; false where there is no such job.
local function describe(id)
  local fields = redis.call('HMGET', key('job', id), 'status', 'model', 'method', 'pool', 'created_at', 'started_at',
    'finished_at', 'phase', 'completed', 'total', 'error', 'attempt', 'failed_texts')
  if not fields[1] then return false end
  local rank = false
  if fields[1] == 'queued' then rank = redis.call('ZRANK', key('waiting', fields[4]), id) end
  table.insert(fields, rank and tostring(rank) or '0')
  table.insert(fields, id)
  return fields
end
