--[[
  Forgets a batch: from now on nobody sees it, and a feeder takes it apart.

  Input:
    ARGV[1]  latest: until when this may be done, by the server's clock
    ARGV[2]  id

  Output: {the server's clock, status before, ids of its jobs...}
    or {the server's clock} where the batch is unknown, or {the server's clock, 'late'}
]]
local latest, id = tonumber(ARGV[1]), ARGV[2]

local time = serverTime()
if time > latest then return { time, 'late' } end
local status = statusOf(id)
if not status then return { time } end
local idempotency, tenant = unpack(redis.call('HMGET', key('batch', id), 'idempotency', 'tenant'))
if idempotency then redis.call('DEL', key('batch_key', idempotency)) end
redis.call('HSET', key('batch', id), 'status', 'removed')
redis.call('ZREM', key('batches'), id)
if tenant and tenant ~= '' then redis.call('ZREM', key('batches', tenant), id) end
redis.call('ZREM', key('batch_expiry'), id)
redis.call('ZADD', key('active'), 0, id)
tell(id)
return { time, status, unpack(redis.call('HVALS', key('flight', id))) }
