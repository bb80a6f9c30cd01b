--[[
  Cancels a batch that has not ended. Its lines that wait are canceled by that; those that are jobs, its feeder cancels.

  Input:
    ARGV[1]  latest: until when this may be done, by the server's clock
    ARGV[2]  id
    ARGV[3]  now: milliseconds since 1970
    ARGV[4]  ttl: seconds for which it is kept from now on

  Output: {the server's clock, status before, ids of its jobs...}
    or {the server's clock} where the batch is unknown, or {the server's clock, 'late'}
]]
local latest, id, now, ttl = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local time = serverTime()
if time > latest then return { time, 'late' } end
local status = statusOf(id)
if not status then return { time } end
if isEnded(status) then return { time, status } end
local total, succeeded, failed = unpack(redis.call('HMGET', key('batch', id), 'total', 'succeeded', 'failed'))
local flight = redis.call('HVALS', key('flight', id))
redis.call('HSET', key('batch', id), 'status', 'canceled', 'finished_at', now,
  'canceled', total - succeeded - failed - #flight)
redis.call('ZADD', key('batch_expiry'), now + ttl * 1000, id)
tell(id)
return { time, status, unpack(flight) }
