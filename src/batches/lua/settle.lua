--[[
  Keeps the outcomes of a batch's jobs that have ended, and says how it stands. A job's result becomes its line's.

  Input:
    ARGV[1]  id
    ARGV[2]  owner: the feeder that asks
    ARGV[3]  lease: milliseconds for which it holds the batch from now on
    ARGV[4]  now: milliseconds since 1970
    ARGV[5]  ttl: seconds for which the batch is kept when its last line has ended

  Output:
    nil where another feeder holds the batch, or there is none; else
    {status, total, number of the next line, tenant, {ids of jobs that are not needed any more}, {ids of jobs that go on}}
]]
local id, owner, lease, now, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])

local batch = key('batch', id)
local status = redis.call('HGET', batch, 'status')
if not status then
  redis.call('ZREM', key('active'), id)
  return false
end
if not hold(id, owner, lease) then return false end

local LOST = cjson.encode({ code = 'job_lost', message = 'The job of this line was canceled or removed before it had ended.' })

local function mark(line, what) redis.call('SETRANGE', key('marks', id), line, MARKS[what]) end

local function keep(line, job)
  for _, format in ipairs({ 'json', 'inseq' }) do
    local result = jobKey('result', format, job)
    if redis.call('EXISTS', result) == 1 then
      redis.call('RENAME', result, key('line_result', format, id, line))
      redis.call('PERSIST', key('line_result', format, id, line))
    end
  end
end

local ended, going = {}, {}
local flight = redis.call('HGETALL', key('flight', id))
for i = 1, #flight, 2 do
  local line, job = flight[i], flight[i + 1]
  local state, failure, cached = unpack(redis.call('HMGET', jobKey('job', job), 'status', 'error', 'cached'))
  if state == 'queued' or state == 'running' then
    table.insert(going, job)
  else
    local outcome = state
    if status == 'removed' then
      outcome = nil
    elseif state == 'succeeded' then
      keep(line, job)
    elseif state ~= 'canceled' or status ~= 'canceled' then
      outcome = 'failed'
      redis.call('HSET', key('errors', id), line, failure or LOST)
    end
    if outcome then
      mark(line, outcome == 'succeeded' and cached and 'cached' or outcome)
      redis.call('HINCRBY', batch, outcome, 1)
    end
    redis.call('HDEL', key('flight', id), line)
    table.insert(ended, job)
  end
end

local total, nextLine, tenant = unpack(redis.call('HMGET', batch, 'total', 'next', 'tenant'))
if not isEnded(status) and status ~= 'removed' and nextLine == total and #going == 0 then
  status = 'completed'
  redis.call('HSET', batch, 'status', status, 'finished_at', now)
  redis.call('ZADD', key('batch_expiry'), now + ttl * 1000, id)
end
if isEnded(status) and #going == 0 then
  redis.call('ZREM', key('active'), id)
  redis.call('DEL', key('lease', id))
end
if #ended > 0 or isEnded(status) then tell(id) end
return { status, total, nextLine, tenant, ended, going }
