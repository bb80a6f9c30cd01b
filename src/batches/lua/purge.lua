--[[
  Takes a removed batch apart, some lines at a time, so that no call holds up the server.

  Input:
    ARGV[1]  id
    ARGV[2]  owner: the feeder that asks
    ARGV[3]  lease: milliseconds for which it holds the batch from now on
    ARGV[4]  limit: most lines that one call forgets

  Output:
    1 where there is more, 0 where nothing is left or another feeder holds the batch
]]
local id, owner, lease, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local batch = key('batch', id)
if redis.call('HGET', batch, 'status') ~= 'removed' or not hold(id, owner, lease) then return 0 end

local total, at, chunks = unpack(redis.call('HMGET', batch, 'total', 'purged', 'chunks'))
at = tonumber(at or '0')
local to = math.min(at + limit, tonumber(total))
for line = at, to - 1 do
  redis.call('UNLINK', key('line_result', 'json', id, line), key('line_result', 'inseq', id, line))
end
redis.call('HSET', batch, 'purged', to)
if to < tonumber(total) then return 1 end

for first in string.gmatch(chunks, '%d+') do redis.call('UNLINK', key('lines', id, first)) end
redis.call('UNLINK', key('marks', id), key('flight', id), key('errors', id), batch, key('lease', id))
redis.call('ZREM', key('active'), id)
return 0
