-- Part of the prelude of all scripts, of jobs and of batches.

-- Notes a tenant's share of the device beside others; '' leaves it as it is.
local function setWeight(tenant, weight)
  if weight == '' then return end
  if weight == '1' then redis.call('HDEL', WEIGHTS.key, tenant) else redis.call('HSET', WEIGHTS.key, tenant, weight) end
end
