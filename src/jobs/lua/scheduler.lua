-- Who is served next: part of the prelude of all scripts.
--
-- Jobs that wait are in flows: a tenant's single jobs are one, each of its batches is another. Tenants are served fairly
-- by work. Within a tenant the highest priority is first; where it is the same, single jobs come before batches, batches
-- are served fairly by work again, and within a flow the oldest is first. With n tenants or jobs each step takes
-- O(log n), and looks at the first job of each batch of one tenant.
--
-- Fair by work is start-time fair queueing (Goyal, Vin, Cheng 1996). Each member of a level has a virtual time: the work
-- that it was given. The earliest is served and moves on by the job's work. The level's clock is the virtual time at
-- which somebody was served last, and who comes begins there: nobody saves up turns while away. Who goes with a virtual
-- time ahead of the clock is remembered until the clock has passed it, so that leaving and coming back gains nothing.
-- Invariant: a job is in its flow exactly while its status is `queued`; a flow, and a tenant, is in its level exactly
-- while it has jobs that wait.

-- What a level remembers of those that are away, when nobody is served: after an hour all begin alike.
local MEMORY_SECONDS = 3600
-- Turns, which are BullMQ's jobs, that lie ready: enough that idle workers do not wait for each other. Who takes one
-- adds others while jobs wait.
local MOST_TURNS = 4

-- Names of tenants, batches and pools may hold anything.
local function part(name)
  return (string.gsub(name, '[%%:]', { ['%'] = '%25', [':'] = '%3A' }))
end

local function flowKey(pool, tenant, batch) return key('flow', part(pool), part(tenant), part(batch)) end
local function alikeKey(pool, alike) return key('alike', part(pool), alike) end
local function queueKey(pool, batch) return key(batch == '' and 'queue' or 'queue_lines', pool) end

local function first(set) return redis.call('ZRANGE', set, 0, 0)[1] end

local function clockOf(level)
  local clock = redis.call('GET', key('fair_clock', level))
  if clock then return tonumber(clock) end
  local earliest = redis.call('ZRANGE', key('fair', level), 0, 0, 'WITHSCORES')[2]
  return earliest and tonumber(earliest) or 0
end

-- The member has something that waits.
local function enter(level, member)
  if redis.call('ZSCORE', key('fair', level), member) then return end
  local time = clockOf(level)
  local own = redis.call('ZSCORE', key('fair_rest', level), member)
  if own then
    redis.call('ZREM', key('fair_rest', level), member)
    time = math.max(time, tonumber(own))
  end
  redis.call('ZADD', key('fair', level), time, member)
end

-- The member has nothing that waits any more.
local function leave(level, member)
  local time = redis.call('ZSCORE', key('fair', level), member)
  if not time then return end
  redis.call('ZREM', key('fair', level), member)
  if tonumber(time) <= clockOf(level) then return end
  redis.call('ZADD', key('fair_rest', level), time, member)
  redis.call('EXPIRE', key('fair_rest', level), MEMORY_SECONDS)
end

-- The member is given so much work. `inTurn`: because it is the next one, which moves the clock; else beside another.
local function serve(level, member, work, inTurn)
  local time = redis.call('ZSCORE', key('fair', level), member)
  if not time then return end
  if inTurn and first(key('fair', level)) == member then -- else its priority was higher than that of those before it
    local clock = math.max(clockOf(level), tonumber(time))
    redis.call('SET', key('fair_clock', level), string.format('%.17g', clock), 'EX', MEMORY_SECONDS)
    redis.call('ZREMRANGEBYSCORE', key('fair_rest', level), '-inf', clock)
  end
  redis.call('ZINCRBY', key('fair', level), work, member)
end

local function tenantLevel(pool) return part(pool) end
local function batchLevel(pool, tenant) return part(pool) .. ':' .. part(tenant) end

local function waitingIn(pool)
  return redis.call('ZCARD', queueKey(pool, '')) + redis.call('ZCARD', queueKey(pool, 'line'))
end

-- Adds to what a pool has to do: seconds where the job has a quote, else work.
local function addWaiting(job, by)
  local kind = job.estimate and 'queue_seconds' or 'queue_work'
  redis.call('HINCRBYFLOAT', key(kind), job.pool, by * (job.estimate or job.work))
end

-- A job waits.
local function joinFlow(id, job)
  if redis.call('ZADD', queueKey(job.pool, job.batch), 0, id) == 1 then
    addWaiting(job, 1)
  end
  redis.call('HSET', key('job', id), 'queued_at', serverTime())
  redis.call('ZADD', flowKey(job.pool, job.tenant, job.batch), -job.priority, id)
  if job.alike ~= '' and not job.alone then
    -- Single jobs come before lines of batches here, too.
    redis.call('ZADD', alikeKey(job.pool, job.alike), job.batch == '' and 0 or 1, id)
  end
  enter(tenantLevel(job.pool), job.tenant)
  if job.batch ~= '' then enter(batchLevel(job.pool, job.tenant), job.batch) end
end

-- A job waits no longer.
local function leaveFlow(id, job)
  local flow = flowKey(job.pool, job.tenant, job.batch)
  if redis.call('ZREM', queueKey(job.pool, job.batch), id) == 1 then
    addWaiting(job, -1)
    -- Sums of fractions drift, and work is not known of a record that is gone.
    if waitingIn(job.pool) == 0 then
      redis.call('HDEL', key('queue_work'), job.pool)
      redis.call('HDEL', key('queue_seconds'), job.pool)
    end
  end
  redis.call('ZREM', flow, id)
  redis.call('ZREM', alikeKey(job.pool, job.alike), id)
  if redis.call('EXISTS', flow) == 1 then return end
  local batches = batchLevel(job.pool, job.tenant)
  if job.batch ~= '' then leave(batches, job.batch) end
  if redis.call('EXISTS', key('fair', batches), flowKey(job.pool, job.tenant, '')) == 0 then
    leave(tenantLevel(job.pool), job.tenant)
  end
end

-- The next job of a tenant that has some, and its batch.
local function nextOf(pool, tenant)
  local best, lowest, bestBatch = nil, math.huge, ''
  local function offer(batch)
    local id, score = unpack(redis.call('ZRANGE', flowKey(pool, tenant, batch), 0, 0, 'WITHSCORES'))
    if id and tonumber(score) < lowest then best, lowest, bestBatch = id, tonumber(score), batch end
  end
  offer('')
  for _, batch in ipairs(redis.call('ZRANGE', key('fair', batchLevel(pool, tenant)), 0, -1)) do offer(batch) end
  return best, bestBatch
end

-- The job whose turn it is in the pool; nil where none waits.
local function nextInTurn(pool)
  while true do
    local tenant = first(key('fair', tenantLevel(pool)))
    if not tenant then return nil end
    local id, batch = nextOf(pool, tenant)
    local job = load(id)
    if job then return id, job end
    leaveFlow(id, { pool = pool, tenant = tenant, batch = batch, alike = '', work = 0 }) -- somebody else deleted its record
  end
end

-- A tenant of weight 2 is given twice the work of one of weight 1.
local function weightOf(tenant) return tonumber(redis.call('HGET', key('weights'), tenant) or 1) end

local function chargeFor(job, inTurn)
  serve(tenantLevel(job.pool), job.tenant, job.work / weightOf(job.tenant), inTurn)
  if job.batch ~= '' then serve(batchLevel(job.pool, job.tenant), job.batch, job.work, inTurn) end
end

-- The member was given so much more, or less, work than it was charged for.
local function correct(level, member, by)
  if redis.call('ZSCORE', key('fair', level), member) then
    redis.call('ZINCRBY', key('fair', level), by, member)
    return
  end
  local clock = clockOf(level)
  local time = tonumber(redis.call('ZSCORE', key('fair_rest', level), member) or clock) + by
  redis.call('ZREM', key('fair_rest', level), member)
  if time <= clock then return end
  redis.call('ZADD', key('fair_rest', level), time, member)
  redis.call('EXPIRE', key('fair_rest', level), MEMORY_SECONDS)
end

-- A job was charged for what it was thought to cost; now it has taken so many seconds. Measured by the pool's pace.
local function correctCharge(job, seconds)
  local pace = tonumber(redis.call('HGET', key('pace'), job.pool) or '')
  if not pace or seconds <= 0 then return end
  local by = seconds * pace - job.work
  correct(tenantLevel(job.pool), job.tenant, by / weightOf(job.tenant))
  if job.batch ~= '' then correct(batchLevel(job.pool, job.tenant), job.batch, by) end
end

-- How fast places in a queue become free, for those who find none (places.lua). Jobs are taken in turns, so it is counted in
-- turns: of all single jobs of a pool (`name` is '') and of a tenant's (':' and its name), `gap` is every how many turns one
-- is taken, and `last` the turn that took one and left others. `ms` lie between turns, the last of which was at `at`, while
-- jobs wait. Both are moving means.
local SHARE_OF_LAST = 0.3

local function noteMean(served, field, value)
  local mean = tonumber(redis.call('HGET', served, field) or value)
  redis.call('HSET', served, field, tostring(mean + SHARE_OF_LAST * (value - mean)))
end

-- A turn was begun that took single jobs of these tenants.
local function noteTurn(pool, tenants)
  local served, now = key('served', pool), serverTime()
  local turn = redis.call('HINCRBY', served, 'turns', 1)
  local at = redis.call('HGET', served, 'at')
  if at then noteMean(served, 'ms', now - at) end
  if waitingIn(pool) > 0 then redis.call('HSET', served, 'at', now) else redis.call('HDEL', served, 'at') end
  local function noteTaken(name, queue)
    local last = redis.call('HGET', served, 'last' .. name)
    if last then noteMean(served, 'gap' .. name, turn - last) end
    if redis.call('EXISTS', queue) == 1 then
      redis.call('HSET', served, 'last' .. name, turn)
    else
      redis.call('HDEL', served, 'last' .. name)
    end
  end
  if next(tenants) then noteTaken('', queueKey(pool, '')) end
  for tenant in pairs(tenants) do noteTaken(':' .. tenant, flowKey(pool, tenant, '')) end
  redis.call('EXPIRE', served, MEMORY_SECONDS)
end

-- The turn, counted from the next, that takes a single job of such a name.
local function turnsUntil(pool, name)
  local turn, last, gap = unpack(redis.call('HMGET', key('served', pool), 'turns', 'last' .. name, 'gap' .. name))
  if not last or not gap then return 1 end
  return math.max(1, math.floor(gap + 0.5) - (turn - last))
end

-- How many turns are to be added to those of BullMQ's list that wait.
local function turnsWanted(pool, list)
  return math.max(0, math.min(waitingIn(pool), MOST_TURNS) - redis.call('LLEN', list))
end

-- How many jobs are taken before this one that waits, if none comes: exact for the single jobs of a lone tenant that has
-- no batch of a higher priority.
local function placeOf(id, pool, tenant, batch)
  local ahead = redis.call('ZRANK', flowKey(pool, tenant, batch), id)
  if not ahead then return 0 end
  if batch ~= '' then
    local batches = redis.call('ZCARD', key('fair', batchLevel(pool, tenant)))
    ahead = ahead * batches + redis.call('ZCARD', flowKey(pool, tenant, ''))
  end
  return math.min(ahead * redis.call('ZCARD', key('fair', tenantLevel(pool))), waitingIn(pool) - 1)
end
