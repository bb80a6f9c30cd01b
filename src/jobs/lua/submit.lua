--[[
  Accepts a job, or says why not.

  Input:
    ARGV[1]   latest: until when it may be created, by the server's clock: later nobody waits for the answer
    ARGV[2]   id: the job's id, the same in each try of one submission
    ARGV[3]   pool
    ARGV[4]   model
    ARGV[5]   method
    ARGV[6]   created: when it is submitted, milliseconds since 1970
    ARGV[7]   limit: most jobs that may wait in the pool; lines of batches are not counted
    ARGV[8]   idempotency: hash of the idempotency key, or ''
    ARGV[9]   body: hash of the request
    ARGV[10]  webhook: '1' where it has one
    ARGV[11]  tenant: whose job it is
    ARGV[12]  batch: the batch whose line it is, or ''
    ARGV[13]  work: what it is charged for
    ARGV[14]  texts: how many it has
    ARGV[15]  alike: hash of what it shares with the jobs that may be taken together with it
    ARGV[16]  list: BullMQ's list of the pool's turns that wait
    ARGV[17]  kind: what the job computes
    ARGV[18]  weight of the tenant, or '' where it stays as it is
    ARGV[19]  share: most single jobs of the tenant that may wait in the pool
    ARGV[20]  cache: where a result of the same request is kept, or ''; that of a line is not
    ARGV[21]  lookup: '1' where such a result may be given
    ARGV[22]  head of the job's result
    ARGV[23]  ttl: seconds for which a job with such a result is kept
    ARGV[24]  request, packed
    ARGV[25]  and so on, in pairs: names and values of further fields of the record

  Output: {the server's clock, outcome, detail}
    'created'              with the description of the job, and '1' where a turn is to be added
    'cached'               with the description of the job, which has its result, and '1' where a webhook is due
    'existing'             with the description of the job
    'conflict'             with the id of the job that has the idempotency key
    'full'                 with the number of jobs that wait
    'share'                with the number of the tenant's jobs that wait
    'late'                 nothing was created
]]
local latest, id, pool, model, method, created = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local limit, idempotency, body, webhook = tonumber(ARGV[7]), ARGV[8], ARGV[9], ARGV[10]
local tenant, batch, work, texts, alike = ARGV[11], ARGV[12], ARGV[13], ARGV[14], ARGV[15]
local list, kind, weight, share = ARGV[16], ARGV[17], ARGV[18], tonumber(ARGV[19])
local cache, lookup, head, ttl, request = ARGV[20], ARGV[21] == '1', ARGV[22], tonumber(ARGV[23]), ARGV[24]
local FIRST_FIELD = 25

local time = serverTime()
if redis.call('EXISTS', key('job', id)) == 1 then
  if redis.call('HEXISTS', key('job', id), 'cached') == 1 then return { time, 'cached', describe(id), webhook } end
  return { time, 'created', describe(id), '1' }
end

if idempotency ~= '' then
  local held = redis.call('GET', key('idempotency', idempotency))
  if held then
    local holder, hash = string.match(held, '^(%S+) (%S+)$')
    if redis.call('EXISTS', key('job', holder)) == 1 then
      if hash ~= body then return { time, 'conflict', holder } end
      return { time, 'existing', describe(holder) }
    end
  end
end

if time > latest then return { time, 'late' } end

local kept = lookup and keptResult(cache)
if batch == '' and not kept then
  local own = redis.call('ZCARD', flowKey(pool, tenant, ''))
  if share < limit and own >= share then return { time, 'share', own } end
  local waiting = redis.call('ZCARD', queueKey(pool, ''))
  if waiting >= limit then return { time, 'full', waiting } end
end

-- Those who submitted the first jobs that wait add a turn each, and whoever takes a turn adds others.
local add = waitingIn(pool) < MOST_TURNS and redis.call('LLEN', list) < MOST_TURNS

setWeight(tenant, weight)
redis.call('HSET', key('job', id), 'status', 'queued', 'model', model, 'method', method, 'kind', kind, 'pool', pool,
  'created_at', created, 'phase', 'queued', 'completed', '0', 'total', '0', 'attempt', '0', 'webhook', webhook,
  'tenant', tenant, 'batch', batch, 'work', work, 'texts', texts, 'alike', alike,
  -- What lines come to is not kept: a data set would push out all else.
  'cache', batch == '' and cache or '')
for i = FIRST_FIELD, #ARGV, 2 do redis.call('HSET', key('job', id), ARGV[i], ARGV[i + 1]) end
if idempotency ~= '' then
  redis.call('HSET', key('job', id), 'idempotency', idempotency)
  redis.call('SET', key('idempotency', idempotency), id .. ' ' .. body)
end
redis.call('SET', key('request', id), request)
if batch == '' then
  redis.call('ZADD', key('jobs'), 0, id)
  if tenant ~= '' then redis.call('ZADD', key('jobs', tenant), 0, id) end
  redis.call('ZADD', key('model', model), 0, id)
end
redis.call('ZADD', statusIndex('queued', batch), 0, id)
if lookup then count(1, kept and 'cache_hits' or 'cache_misses') end
if kept then
  local tail, inseq, total = unpack(kept)
  storeResult(id, head, tail, inseq, ttl)
  redis.call('HSET', key('job', id), 'cached', '1', 'total', total)
  conclude(id, load(id), 'succeeded', created, ttl, '') -- it never waited, so it is in no flow
  return { time, 'cached', describe(id), webhook }
end
joinFlow(id, load(id))
return { time, 'created', describe(id), add and '1' or '0' }
