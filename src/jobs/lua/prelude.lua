-- Shared by all scripts (src/jobs/scripts.ts puts it in front of each).
-- A record changes only here, so its status, the indexes, the events and the expiry always agree.
-- Invariant: succeeded, failed and canceled are final.
local PREFIX = '@PREFIX@'

local function jobKey(id) return PREFIX .. 'job:' .. id end
local function eventsKey(id) return PREFIX .. 'events:' .. id end
local function toldKey(id) return PREFIX .. 'told:' .. id end
local function requestKey(id) return PREFIX .. 'request:' .. id end
local function resultKey(id, format) return PREFIX .. 'result:' .. format .. ':' .. id end
local function statusKey(status) return PREFIX .. 'status:' .. status end
local function modelKey(model) return PREFIX .. 'model:' .. model end
local function waitingKey(pool) return PREFIX .. 'waiting:' .. pool end
local function idempotencyKey(hash) return PREFIX .. 'idempotency:' .. hash end
local ALL = PREFIX .. 'jobs'
local EXPIRY = PREFIX .. 'expiry'
local WEBHOOKS = PREFIX .. 'webhooks'
local STOP = PREFIX .. 'channel:stop'

-- This server's clock, in milliseconds since 1970.
local function serverTime()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function tell(id, what) redis.call('PUBLISH', PREFIX .. 'channel:job:' .. id, what) end

local function load(id)
  local fields = redis.call('HMGET', jobKey(id), 'status', 'model', 'pool', 'attempt', 'idempotency', 'webhook')
  if not fields[1] then return nil end
  return {
    status = fields[1], model = fields[2], pool = fields[3], attempt = fields[4],
    idempotency = fields[5], webhook = fields[6] == '1',
  }
end

local function isFinal(status) return status == 'succeeded' or status == 'failed' or status == 'canceled' end

local function move(id, job, status)
  redis.call('ZREM', statusKey(job.status), id)
  redis.call('ZADD', statusKey(status), 0, id)
  if status == 'queued' then
    redis.call('ZADD', waitingKey(job.pool), 0, id)
  else
    redis.call('ZREM', waitingKey(job.pool), id)
  end
  redis.call('HSET', jobKey(id), 'status', status)
end

-- The stream holds every step but only the newest progress: a late reader needs no older one.
local function setProgress(id, phase, completed, total)
  local previous = redis.call('HGET', jobKey(id), 'progress_event')
  if previous then redis.call('XDEL', eventsKey(id), previous) end
  local event = redis.call('XADD', eventsKey(id), '*', 'event', 'progress', 'data',
    '[' .. cjson.encode(phase) .. ',' .. completed .. ',' .. total .. ']')
  redis.call('HSET', jobKey(id), 'phase', phase, 'completed', completed, 'total', total, 'progress_event', event)
end

-- Forgets a job in every index; its own keys are the caller's matter.
local function unlist(id, status, model)
  redis.call('ZREM', ALL, id)
  redis.call('ZREM', statusKey(status), id)
  redis.call('ZREM', modelKey(model), id)
  redis.call('SREM', WEBHOOKS, id)
end

-- Records vanish by their TTL; their index entries vanish here.
local function sweep(now)
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', now, 'LIMIT', 0, 500)) do
    local id, status, model = string.match(entry, '^(%S+) (%S+) (.*)$')
    unlist(id, status, model)
    redis.call('ZREM', EXPIRY, entry)
  end
end

local function conclude(id, job, status, now, ttl, err)
  move(id, job, status)
  redis.call('HSET', jobKey(id), 'finished_at', now, 'phase', 'done')
  if status == 'succeeded' then redis.call('HSET', jobKey(id), 'completed', redis.call('HGET', jobKey(id), 'total')) end
  if err ~= '' then redis.call('HSET', jobKey(id), 'error', err) end
  redis.call('XADD', eventsKey(id), '*', 'event', 'done', 'data', 'null')
  redis.call('DEL', toldKey(id)) -- no attempt tells anything from now on
  redis.call('EXPIRE', jobKey(id), ttl)
  redis.call('EXPIRE', requestKey(id), ttl)
  redis.call('EXPIRE', eventsKey(id), ttl)
  if job.idempotency then redis.call('EXPIRE', idempotencyKey(job.idempotency), ttl) end
  redis.call('ZADD', EXPIRY, now + ttl * 1000, id .. ' ' .. status .. ' ' .. job.model)
  if job.webhook then redis.call('SADD', WEBHOOKS, id) end
  sweep(now)
  tell(id, 'done')
end

-- Fields as src/jobs/record.ts reads them; false where there is no such job.
local function describe(id)
  local fields = redis.call('HMGET', jobKey(id), 'status', 'model', 'method', 'pool', 'created_at', 'started_at',
    'finished_at', 'phase', 'completed', 'total', 'error', 'attempt')
  if not fields[1] then return false end
  local rank = false
  if fields[1] == 'queued' then rank = redis.call('ZRANK', waitingKey(fields[4]), id) end
  table.insert(fields, rank and tostring(rank) or '0')
  table.insert(fields, id)
  return fields
end
