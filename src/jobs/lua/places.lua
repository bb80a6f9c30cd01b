--[[
  What tells when a place in a queue becomes free.

  Input:
    ARGV[1]  pool
    ARGV[2]  tenant: whose place; left out: anybody's

  Output: {turns that run, seconds that the first of them still needs, turns until a single job is taken, seconds between
  turns}; the seconds are '' where nothing is known
]]
local pool, tenant = ARGV[1], ARGV[2]

local running, left = 0, nil
for _, turn in pairs(runningTurns()) do
  if turn.pool == pool then
    running = running + 1
    if turn.left then left = math.min(left or math.huge, turn.left) end
  end
end
local ms, at = unpack(redis.call('HMGET', key('served', pool), 'ms', 'at'))
if not left and ms and at then left = math.max(0, at + ms - serverTime()) / 1000 end
return { running, left and tostring(left) or '', turnsUntil(pool, tenant and ':' .. tenant or ''), ms and tostring(ms / 1000) or '' }
