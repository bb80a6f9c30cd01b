-- Accepts a job, or says why not. ARGV: id, pool, model, method, now, queue limit, idempotency hash or '', body hash,
-- has a webhook, packed request. Returns {'created' | 'existing' | 'conflict', id} or {'full', waiting}.
local id, pool, model, method, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local limit, idempotency, body, webhook, request = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9], ARGV[10]

if idempotency ~= '' then
  local held = redis.call('GET', idempotencyKey(idempotency))
  if held then
    local holder, hash = string.match(held, '^(%S+) (%S+)$')
    if redis.call('EXISTS', jobKey(holder)) == 1 then
      return { hash == body and 'existing' or 'conflict', holder }
    end
  end
end

local waiting = redis.call('ZCARD', waitingKey(pool))
if waiting >= limit then return { 'full', tostring(waiting) } end

redis.call('HSET', jobKey(id), 'status', 'queued', 'model', model, 'method', method, 'pool', pool, 'created_at', now,
  'phase', 'queued', 'completed', '0', 'total', '0', 'attempt', '0', 'webhook', webhook)
if idempotency ~= '' then
  redis.call('HSET', jobKey(id), 'idempotency', idempotency)
  redis.call('SET', idempotencyKey(idempotency), id .. ' ' .. body)
end
redis.call('SET', requestKey(id), request)
redis.call('ZADD', ALL, 0, id)
redis.call('ZADD', statusKey('queued'), 0, id)
redis.call('ZADD', modelKey(model), 0, id)
redis.call('ZADD', waitingKey(pool), 0, id)
return { 'created', id }
