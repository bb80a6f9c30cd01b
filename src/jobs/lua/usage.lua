-- What each tenant has used of each model on each day: part of the prelude of all scripts. It changes in the script that
-- ends a job, so that nothing counts twice.

local DAY_MS = 86400000

local function use(job, now, what, by)
  local day = key('usage', math.floor(now / DAY_MS))
  redis.call('HINCRBYFLOAT', day, cjson.encode({ job.tenant, job.model, what }), by)
  redis.call('EXPIRE', day, (USAGE.days + 1) * DAY_MS / 1000)
end
