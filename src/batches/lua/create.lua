--[[
  Accepts a batch whose lines have been written, or says why not.

  Input:
    ARGV[1]  latest: until when it may be created, by the server's clock: later nobody waits for the answer
    ARGV[2]  id: the batch's id, the same in each try
    ARGV[3]  created: milliseconds since 1970
    ARGV[4]  total: how many lines it has
    ARGV[5]  limit: most batches that may be unfinished
    ARGV[6]  idempotency: hash of the idempotency key, or ''
    ARGV[7]  body: hash of the lines
    ARGV[8]  tenant: whose batch it is
    ARGV[9]  defaults: JSON of what the bodies of all lines share
    ARGV[10] chunks: numbers of the first line of each chunk, separated by commas
    ARGV[11] weight of the tenant, or '' where it stays as it is
    ARGV[12] lookup: '1' where lines may be given results that are kept

  Output: {the server's clock, outcome, detail}
    'created', 'existing'  with the description of the batch
    'conflict'             with the id of the batch that has the idempotency key
    'full'                 with the number of unfinished batches
    'lost'                 the lines are not there any more
    'late'                 nothing was created
]]
local latest, id, created, total, limit = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local idempotency, body, tenant, defaults, chunks = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local weight, lookup = ARGV[11], ARGV[12]

local time = serverTime()
if statusOf(id) then return { time, 'created', describe(id) } end

if idempotency ~= '' then
  local held = redis.call('GET', key('batch_key', idempotency))
  if held then
    local holder, hash = string.match(held, '^(%S+) (%S+)$')
    if statusOf(holder) then
      if hash ~= body then return { time, 'conflict', holder } end
      return { time, 'existing', describe(holder) }
    end
  end
end

if time > latest then return { time, 'late' } end

local unfinished = redis.call('ZCARD', key('active'))
if unfinished >= limit then return { time, 'full', unfinished } end

for first in string.gmatch(chunks, '%d+') do
  if redis.call('EXISTS', key('lines', id, first)) == 0 then return { time, 'lost' } end
end
for first in string.gmatch(chunks, '%d+') do redis.call('PERSIST', key('lines', id, first)) end
redis.call('HSET', key('batch', id), 'status', 'queued', 'created_at', created, 'total', total, 'succeeded', '0',
  'failed', '0', 'canceled', '0', 'next', '0', 'tenant', tenant, 'defaults', defaults, 'chunks', chunks, 'lookup', lookup)
setWeight(tenant, weight)
redis.call('SET', key('marks', id), string.rep(MARKS.waiting, total))
if idempotency ~= '' then
  redis.call('HSET', key('batch', id), 'idempotency', idempotency)
  redis.call('SET', key('batch_key', idempotency), id .. ' ' .. body)
end
redis.call('ZADD', key('batches'), 0, id)
if tenant ~= '' then redis.call('ZADD', key('batches', tenant), 0, id) end
redis.call('ZADD', key('active'), 0, id)
return { time, 'created', describe(id) }
