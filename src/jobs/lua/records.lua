-- Changes of records: part of the prelude of all scripts. A record changes only here, so its status, the indexes, its
-- flow, the events and the expiry always agree.
-- Invariant: a job with a final status does not change any more.

-- The index of the jobs that have this status; lines of batches have their own, so that lists need not skip them.
local function statusIndex(status, batch)
  if batch ~= '' then return key('lines', status) end
  return status == 'running' and key('running') or key('status', status)
end

local function move(id, job, status)
  if job.status == 'queued' then leaveFlow(id, job) end
  if job.turn then
    redis.call('SREM', key('turn', job.turn), id)
    redis.call('HDEL', key('job', id), 'turn')
  end
  redis.call('ZREM', statusIndex(job.status, job.batch), id)
  redis.call('ZADD', statusIndex(status, job.batch), 0, id)
  redis.call('HSET', key('job', id), 'status', status)
  if status == 'queued' then joinFlow(id, job) end
end

-- The stream holds every step but only the newest progress: a late reader needs no older one. `left`: seconds that the
-- job will still compute, '' or nil where that is not known.
local function setProgress(id, phase, completed, total, left)
  left = left or ''
  local previous = redis.call('HGET', key('job', id), 'progress_event')
  if previous then redis.call('XDEL', key('events', id), previous) end
  local event = redis.call('XADD', key('events', id), '*', 'event', 'progress', 'data',
    '[' .. cjson.encode(phase) .. ',' .. completed .. ',' .. total .. (left == '' and '' or ',' .. left) .. ']')
  redis.call('HSET', key('job', id), 'phase', phase, 'completed', completed, 'total', total, 'seconds_left', left,
    'progress_event', event)
end

-- Forgets a job in every index; its own keys are the caller's matter.
local function unlist(id, status, model, tenant)
  redis.call('ZREM', key('jobs'), id)
  if tenant ~= '' then redis.call('ZREM', key('jobs', tenant), id) end
  redis.call('ZREM', statusIndex(status, ''), id)
  redis.call('ZREM', statusIndex(status, 'line'), id)
  redis.call('ZREM', key('model', model), id)
  redis.call('SREM', key('webhooks'), id)
end

-- What `sweep` must know of a job whose record is gone. That of a job of no tenant is as the version before wrote it.
local function expiryEntry(id, status, model, tenant)
  return id .. ' ' .. status .. ' ' .. model .. (tenant == '' and '' or '\n' .. tenant)
end

-- Records vanish by their TTL; their index entries vanish here.
local function sweep(now)
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', key('expiry'), '-inf', now, 'LIMIT', 0, 500)) do
    local id, status, model, tenant = string.match(entry, '^(%S+) (%S+) ([^\n]*)\n?(.*)$')
    unlist(id, status, model, tenant)
    redis.call('ZREM', key('expiry'), entry)
  end
end

-- Ends a job; `failure` is its error as JSON, or ''.
local function conclude(id, job, status, now, ttl, failure)
  move(id, job, status)
  redis.call('HSET', key('job', id), 'finished_at', now, 'phase', 'done')
  count(1, 'jobs_finished', job.model, redis.call('HGET', key('job', id), 'method'), status)
  use(job, now, 'jobs', 1)
  if status == 'canceled' then count(1, 'jobs_canceled') end
  if status == 'failed' then count(1, 'jobs_failed', cjson.decode(failure).code) end
  if status == 'succeeded' then
    redis.call('HSET', key('job', id), 'completed', redis.call('HGET', key('job', id), 'total'))
  end
  if failure ~= '' then redis.call('HSET', key('job', id), 'error', failure) end
  redis.call('XADD', key('events', id), '*', 'event', 'done', 'data', 'null')
  redis.call('DEL', key('told', id), key('savepoint', id)) -- there is no attempt from now on
  redis.call('EXPIRE', key('job', id), ttl)
  redis.call('EXPIRE', key('request', id), ttl)
  redis.call('EXPIRE', key('events', id), ttl)
  if job.idempotency then redis.call('EXPIRE', key('idempotency', job.idempotency), ttl) end
  redis.call('ZADD', key('expiry'), now + ttl * 1000, expiryEntry(id, status, job.model, job.tenant))
  if job.webhook then redis.call('SADD', key('webhooks'), id) end
  sweep(now)
  tell(id, 'done')
end

-- Fields as src/jobs/record.ts reads them; false where there is no such job.
local function describe(id)
  local fields = redis.call('HMGET', key('job', id), 'status', 'model', 'method', 'pool', 'created_at', 'started_at',
    'finished_at', 'phase', 'completed', 'total', 'error', 'attempt', 'failed_texts', 'kind', 'metadata', 'cached',
    'replay_of', 'difference', 'seconds_left',
    'tenant', 'batch')
  if not fields[1] then return false end
  local batch = table.remove(fields) or ''
  local tenant = table.remove(fields) or ''
  table.insert(fields, tostring(fields[1] == 'queued' and placeOf(id, fields[4], tenant, batch) or 0))
  table.insert(fields, id)
  return fields
end
