-- Counters since the store was new, for /metrics: part of the prelude of all scripts. They change in the script that
-- changes the record, so that what happens once counts once, whichever process asks for them and however often.

local function count(by, name, ...)
  redis.call('HINCRBYFLOAT', key('totals'), cjson.encode({ name, ... }), by)
end

-- One value of a histogram by pool: counted in the first bucket that it fits in, and in the sum.
local function observe(value, name, pool)
  local fits = '+Inf'
  for bound in string.gmatch(BOUNDS[name], '%S+') do
    if value <= tonumber(bound) then
      fits = bound
      break
    end
  end
  count(1, name, pool, fits)
  count(value, name, pool, 'sum')
end
